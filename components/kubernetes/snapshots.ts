import type { Machine } from "../machines/machine";
import { scriptText } from "../remote/remote-step";

/** Snapshots of etcd, which a timer on control planes takes. */
export interface SnapshotSettings {
  /** Divides a day. */
  readonly everyHours: number;
  /** Who can open them, as `age --recipient` takes it. Not secret. */
  readonly recipient: string;
}

/** What a control plane's timer runs, as variables. All run at the same time; only etcd's leader takes a snapshot. */
export function snapshotTimer(
  node: Machine,
  {
    cluster,
    etcdDirectory,
    settings,
  }: { cluster: string; etcdDirectory: string; settings: SnapshotSettings | undefined },
): Record<string, string> {
  if (node.role !== "control-plane" || !settings) return { SNAPSHOT_SCRIPT: "", SNAPSHOT_HOURS: "" };
  const script = scriptText("kubernetes/snapshot-etcd.sh", {
    NODE_NAME: node.name,
    ETCD_DIRECTORY: etcdDirectory,
    CLUSTER: cluster,
    RECIPIENT: settings.recipient,
  });
  const hours = Array.from({ length: 24 / settings.everyHours }, (_, index) => index * settings.everyHours);
  return { SNAPSHOT_SCRIPT: script, SNAPSHOT_HOURS: hours.map((hour) => String(hour).padStart(2, "0")).join(",") };
}
