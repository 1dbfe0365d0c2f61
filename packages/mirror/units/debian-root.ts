import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command";
import { directoryInputs, fileInput } from "./source-files";
import type { BuildContext } from "./unit";

/** The Debian release of containers and machines. */
const DEBIAN_SUITE = "bookworm";

/** 2023-07-19, the day of Kubernetes 1.27.4: the time stamp of every built file. */
export const SOURCE_DATE_EPOCH = "1689769254";

/** Documentation and translations: nobody reads them in a container, and every node unpacks them. */
const EXCLUDED = [
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/locale/*",
  "/usr/share/info/*",
  "/usr/share/lintian/*",
];

/** The files of some packages, without their dependencies, and nothing configured. */
export interface DebianFiles {
  readonly variant: "extract";
  readonly packages: readonly string[];
}

export interface DebianRoot {
  readonly variant: "essential" | "minbase";
  readonly packages: readonly string[];
  /** Shell script, run outside the new root when all packages are configured, with its path as first argument. */
  readonly hook: string;
  /** The hook's further arguments: plain words, no quoting. */
  readonly hookArgs?: readonly string[];
  /** Scripts that run after it, in this order, each with the root's path as only argument. */
  readonly furtherHooks?: readonly string[];
  /** Directories copied over the root before the hooks run. */
  readonly overlay?: readonly string[];
}

/** The committed files that decide a root's content, for a unit's inputs. */
export function rootFiles({ hook, furtherHooks = [], overlay = [] }: DebianRoot): string[] {
  return [
    fileInput(hook, "hook"),
    ...furtherHooks.map((file) => fileInput(file, basename(file))),
    ...overlay.flatMap(directoryInputs),
  ];
}

/**
 * The apt sources of this host, so that its proxies, local mirrors and snapshots apply to builds as well. A host that
 * isn't Debian has none, and mmdebstrap takes Debian's default server.
 */
function hostSources(): string[] {
  const listed = existsSync("/etc/apt/sources.list.d") ? readdirSync("/etc/apt/sources.list.d") : [];
  return ["/etc/apt/sources.list", ...listed.map((name) => join("/etc/apt/sources.list.d", name))].filter(
    (file) =>
      /\.(list|sources)$/.test(file) &&
      existsSync(file) &&
      new RegExp(`\\bdebian\\b.*\\b${DEBIAN_SUITE}\\b`, "s").test(readFileSync(file, "utf8")),
  );
}

/**
 * Installs a Debian root file system with mmdebstrap, or the files of some packages.
 *
 * @param target A directory, or a file ending in `.tar`.
 */
export async function makeDebianRoot(
  root: DebianRoot | DebianFiles,
  target: string,
  label: string,
  context: BuildContext,
): Promise<void> {
  const args = [
    `--variant=${root.variant}`,
    "--mode=root",
    "--components=main",
    `--include=${root.packages.join(",")}`,
    ...EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...(root.variant === "extract" ? [] : hooks(root)),
    DEBIAN_SUITE,
    target,
    ...hostSources(),
  ];
  // Its own mount and process namespaces: mmdebstrap mounts /proc and /dev into the new root, and a killed build must
  // not leave them mounted where the next one removes files.
  const isolated = ["--mount", "--pid", "--fork", "--kill-child", "--", "mmdebstrap", ...args];
  await run("unshare", isolated, {
    label: `${label}: mmdebstrap`,
    log: context.log,
    env: { SOURCE_DATE_EPOCH, TMPDIR: context.scratch },
  });
}

function hooks({ overlay = [], hook, hookArgs = [], furtherHooks = [] }: DebianRoot): string[] {
  return [
    ...overlay.map((directory) => `--customize-hook=cp -r --preserve=mode ${directory}/. "$1"`),
    `--customize-hook=sh ${hook} "$1" ${hookArgs.join(" ")}`,
    ...furtherHooks.map((further) => `--customize-hook=sh ${further} "$1"`),
  ];
}
