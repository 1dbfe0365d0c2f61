import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { must } from "./platform";

/** Everything that a platform could leave on the computer: by kind, sorted names that don't change by themselves. */
export type HostState = Readonly<Record<string, readonly string[]>>;

/** Kernel settings that a kubelet writes. */
const SETTINGS = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
];

/** Lists processes, mounts, loop devices, network namespaces, links, cgroups and kernel settings. */
export async function hostState(): Promise<HostState> {
  const [processes, mounts, loops, namespaces, links] = await Promise.all([
    must("ps", ["-eo", "comm=,args="]),
    Promise.resolve(readFileSync("/proc/self/mounts", "utf8")),
    must("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"]),
    must("ip", ["netns", "list"]),
    must("ip", ["-brief", "link"]),
  ]);
  // A zombie has ended; init collects it later.
  const ended = /<defunct>$/;
  const suspicious = /nspawn|gitops|kube|etcd|containerd|haproxy|nginx|registry|pulumi/;
  return {
    processes: lines(processes).filter(
      (line) => suspicious.test(line) && !ended.test(line) && !/test\/e2e|scripts\/dev\/test|^ps /.test(line),
    ),
    mounts: lines(mounts).map((line) => line.split(" ").slice(0, 2).join(" ")),
    loops: lines(loops),
    namespaces: lines(namespaces).map((line) => line.split(" ")[0] ?? ""),
    links: lines(links).map((line) => line.split(/[\s@]/)[0] ?? ""),
    settings: SETTINGS.map((setting) => `${setting} ${readFileSync(`/proc/sys/${setting}`, "utf8").trim()}`),
    cgroups: cgroups("/sys/fs/cgroup", 4).filter((path) => /gitops/.test(path)),
  };
}

/** The names that are new, as `kind: name`. */
export function leftovers(before: HostState, after: HostState): readonly string[] {
  return Object.entries(after).flatMap(([kind, names]) => {
    const known = [...(before[kind] ?? [])];
    return names
      .filter((name) => {
        const index = known.indexOf(name);
        if (index >= 0) known.splice(index, 1);
        return index < 0;
      })
      .map((name) => `${kind}: ${name}`);
  });
}

function lines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .sort();
}

function cgroups(directory: string, depth: number): readonly string[] {
  if (depth === 0) return [];
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
    .flatMap((path) => [path, ...cgroups(path, depth - 1)]);
}
