import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { run } from "../units/command";
import { MirrorError } from "../units/failure";

const execute = promisify(execFile);

/** Program or header that a build needs → the Debian package that brings it. */
const PACKAGES: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  mke2fs: "e2fsprogs",
  zstd: "zstd",
  gzip: "gzip",
  tar: "tar",
  curl: "curl",
  gcc: "gcc",
  "/usr/include/stdio.h": "libc6-dev",
  "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
};

/** The same for builds on request: guests of a hypervisor. */
export const GUEST_PACKAGES: Readonly<Record<string, string>> = { "qemu-img": "qemu-utils", sfdisk: "fdisk" };

function isThere(name: string): boolean {
  if (name.startsWith("/")) return existsSync(name);
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  return path.split(":").some((directory) => existsSync(join(directory, name)));
}

/** Debian packages that have to be installed before anything can be built. */
function missingPackages(further: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...PACKAGES, ...further }).flatMap(([name, pkg]) => (isThere(name) ? [] : [pkg]));
}

/**
 * Reports and installs the packages that are missing on this host.
 *
 * @param further Needs of these builds beside {@link PACKAGES}.
 * @throws MirrorError where there is no apt-get, with the list of packages.
 */
export async function installMissing(
  note: (text: string) => void,
  log: string,
  further: Readonly<Record<string, string>> = {},
): Promise<void> {
  const missing = missingPackages(further);
  if (missing.length === 0) return;
  if (!isThere("apt-get")) {
    throw new MirrorError(
      `this computer — lacks ${missing.join(", ")} and has no apt-get — install them and run again`,
    );
  }
  note(`installing ${missing.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const update = (): Promise<string> => run("apt-get", ["update", "-q"], { label: "apt-get update", log, env });
  const install = (): Promise<string> =>
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], {
      label: "apt-get install",
      log,
      env,
    });
  const lists = "/var/lib/apt/lists";
  const fresh =
    existsSync(lists) && readdirSync(lists).some((name) => name.endsWith("Packages") || name.endsWith(".lz4"));
  if (!fresh) await update();
  try {
    await install();
  } catch {
    await update(); // the lists name versions that the server has replaced since
    await install();
  }
}

/**
 * The Go toolchain's version, `go1.26.8`.
 *
 * @param needed The newest `go` line of all components' go.mod, `1.26.2`.
 * @throws MirrorError when Go is missing or too old.
 */
export async function goVersion(needed: string): Promise<string> {
  const where = "install it from your distribution or from the Go project and run again";
  const found = await execute("go", ["env", "GOVERSION"], { env: { ...process.env, GOTOOLCHAIN: "local" } }).catch(
    () => undefined,
  );
  if (!found) throw new MirrorError(`go — is not installed (need ${needed} or newer) — ${where}`);
  const version = found.stdout.trim();
  if (compareVersions(version.replace(/^go/, ""), needed) < 0) {
    throw new MirrorError(`go — is too old (got ${version}, need ${needed} or newer) — ${where}`);
  }
  return version;
}

/** The newest `go` line of the go.mod files below a directory. */
export function neededGoVersion(components: string): string {
  return readdirSync(components)
    .map((name) => /^go (\S+)$/m.exec(readFileSync(join(components, name, "go.mod"), "utf8"))?.[1] ?? "1.0")
    .reduce((newest, version) => (compareVersions(version, newest) > 0 ? version : newest));
}

/** Compares dotted numbers: negative when the first is older. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i += 1) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
