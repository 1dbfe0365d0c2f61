import { parseSample, type Sample } from "../health/sample";

/** What the probe saw on one node (scripts/remote/drift/probe-node.sh). */
export interface ObservedNode {
  /** SHA-256 by path; `-` for a missing file. */
  readonly files: ReadonlyMap<string, string>;
  /** Everything in the folder whose files the kubelet runs. */
  readonly manifests: readonly string[];
  /** By name; the version of a missing one is `-`, which is older than any. */
  readonly packages: ReadonlyMap<string, { readonly version: string; readonly age: "older" | "same" | "newer" }>;
  readonly units: ReadonlyMap<string, ObservedUnit>;
  /** Whether the file that each running unit was started from is still the one under that name, by unit. */
  readonly programs: ReadonlyMap<string, boolean>;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly modules: ReadonlyMap<string, boolean>;
  readonly swap: boolean;
  /** DER in base64, by the file it is in. */
  readonly certificates: ReadonlyMap<string, string>;
  /** When the newest snapshot of etcd was taken here, or, without one, their timer installed; unset on a node that takes none. */
  readonly snapshot?: { readonly atMs: number; readonly taken: boolean };
  /** The node's own time, in milliseconds since 1970. */
  readonly clockMs: number;
  /** The last lines of its recorder; none without one. */
  readonly samples: readonly Sample[];
  /** 99th percentile of fdatasync, in nanoseconds; unset unless it was measured, null when fio reported none. */
  readonly diskP99Ns?: number | null;
}

export interface ObservedUnit {
  /** `active`, `inactive`, `failed`, … */
  readonly active: string;
  /** `enabled`, `disabled`, `masked`, … */
  readonly enabled: string;
  /** Its file was changed after systemd had read it. */
  readonly needsReload: boolean;
  /** Paths of its drop-ins, separated by blanks. */
  readonly dropIns: string;
}

/**
 * The facts that a probe printed, by their kind.
 *
 * @throws when they are cut off: an unread fact must not look like a good one
 */
export function factsIn(stdout: string): (kind: string) => string[][] {
  const facts = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  if (facts.at(-1)?.[0] !== "end") throw new Error("the probe did not get to its end");
  return (kind) => facts.filter(([first]) => first === kind).map(([, ...rest]) => rest);
}

/** The fact of a node that takes snapshots. */
export function snapshotIn(rows: (kind: string) => string[][]): Pick<ObservedNode, "snapshot"> {
  const [at, how] = rows("snapshot")[0] ?? [];
  return at === undefined ? {} : { snapshot: { atMs: Number(at) * 1000, taken: how === "taken" } };
}

/** Reads the facts of a node's probe. @throws when they are cut off */
export function parseProbe(stdout: string): ObservedNode {
  const rows = factsIn(stdout);
  const pairs = (kind: string): Map<string, string> =>
    new Map(rows(kind).map(([name = "", value = ""]) => [name, value]));
  const disk = rows("disk")[0]?.[0];
  return {
    files: pairs("file"),
    manifests: rows("manifest").map(([path = ""]) => path),
    packages: new Map(
      rows("package").map(([name = "", version = "", age]) => [
        name,
        { version, age: age === "same" || age === "newer" ? age : "older" },
      ]),
    ),
    units: new Map(
      rows("unit").map(([name = "", active = "", enabled = "", reload = "", dropIns = ""]) => [
        name,
        { active, enabled, needsReload: reload === "yes", dropIns },
      ]),
    ),
    programs: new Map(rows("program").map(([name = "", state]) => [name, state === "current"])),
    sysctls: pairs("sysctl"),
    modules: new Map(rows("module").map(([name = "", there]) => [name, there === "yes"])),
    swap: rows("swap")[0]?.[0] === "yes",
    certificates: pairs("certificate"),
    clockMs: Number(rows("clock")[0]?.[0]) * 1000,
    ...snapshotIn(rows),
    samples: rows("sample").flatMap(([json = ""]) => parseSample(json) ?? []),
    ...(disk === undefined ? {} : { diskP99Ns: /^\d/.test(disk) ? Number(disk) : null }),
  };
}
