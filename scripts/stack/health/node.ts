import { join } from "node:path";
import { effectiveScript, renderScript } from "../../../components/remote/script";
import { root } from "../../lib/paths";
import type { NodeConnection } from "../drift/expected";
import { AS_ROOT, type Answer, askNode } from "../drift/node-command";
import { factsIn, type ObservedNode, snapshotIn } from "../drift/observed";
import { parseSample, type Sample } from "./sample";

const PROBE = join(root, "scripts", "remote", "health", "probe-health.sh");
/** A month of lines is read in a second; on a throttled disk it takes longer. */
const PROBE_SECONDS = 60;

/** What the recorder of a node has written, and what its probe saw just now. */
export interface ObservedHealth {
  /** In order of time; every one of the last hours, one an hour before. */
  readonly samples: readonly Sample[];
  /** Lines that could not be read. */
  readonly torn: number;
  /** `active`, `inactive`, … */
  readonly timer: string;
  /** DER in base64, by the file it is in. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly snapshot?: ObservedNode["snapshot"];
  /** The node's time minus this computer's is in this range, in milliseconds: nobody knows how long which way took. */
  readonly skewMs: readonly [least: number, most: number];
  /** The node's own time, in milliseconds since 1970. */
  readonly clockMs: number;
}

/**
 * Reads a node's recorder over SSH. It needs neither the API nor etcd.
 *
 * @param historySeconds how far back every line is read
 * @throws a sentence when the node can't be reached or read
 */
export async function observeHealth(
  name: string,
  connection: NodeConnection,
  historySeconds: number,
): Promise<ObservedHealth> {
  const stdin = renderScript(effectiveScript(PROBE), { NODE_NAME: name, HISTORY_SECONDS: String(historySeconds) });
  const command = `${AS_ROOT} timeout --kill-after=5 ${PROBE_SECONDS} bash -s -- probe`;
  return parseHealth(await askNode(connection, { command, stdin, seconds: PROBE_SECONDS + 15 }));
}

/** Reads the facts of a probe. @throws when they are cut off: an unread fact must not look like a good one */
export function parseHealth({ answeredMs, askedMs, stdout }: Answer): ObservedHealth {
  const rows = factsIn(stdout);
  const clockMs = Number(rows("clock")[0]?.[0]) * 1000;
  if (!Number.isFinite(clockMs)) throw new Error("the probe printed no time");
  const lines = rows("sample").map(([json = ""]) => parseSample(json));
  const samples = lines.flatMap((sample) => sample ?? []);
  return {
    samples,
    torn: lines.length - samples.length,
    timer: rows("recorder")[0]?.[0] ?? "",
    certificates: new Map(rows("certificate").map(([path = "", der = ""]) => [path, der])),
    ...snapshotIn(rows),
    skewMs: [clockMs - answeredMs, clockMs - askedMs],
    clockMs,
  };
}
