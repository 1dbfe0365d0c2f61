import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../host/lock";
import { standIns } from "@gitops-platform/stand-ins/bundle";
import { downloadObstacle, installOfficial, type Log, type PulumiVersions } from "./official";
import { installSealed, sealedKey } from "./sealed";

/** `official`: downloaded from Pulumi. `sealed`: built from Go modules, with stand-ins for command and random. */
export type Origin = "official" | "sealed";

export interface EnsurePulumiOptions {
  /** Directory that becomes PULUMI_HOME. */
  readonly home: string;
  /** The project's cache; builds are kept below `build/` in it. */
  readonly cache: string;
  /** Takes one line about progress, at most every two seconds. */
  readonly log: Log;
}

/** Written last: what the home is complete with. */
interface Marker {
  readonly origin: Origin;
  /** Changes with everything that decides what is installed. */
  readonly key: string;
}

/**
 * Makes sure that `npx pulumi` with `PULUMI_HOME=home` has its command line program, its Node.js language host and the
 * plugins of the installed SDK packages, in their exact versions. The official programs are downloaded where that is
 * possible; elsewhere they are built from their Go modules, and the plugins that have none are stood in for. A second call
 * continues an interrupted one, and takes a moment when everything is in place. One process installs at a time, and the
 * others wait for it.
 *
 * A home that was filled without downloads stays so, whatever the network does. Remove it to try the download again.
 *
 * @throws Error when neither way works, with the reason of both
 */
export async function ensurePulumi(options: EnsurePulumiOptions): Promise<{ origin: Origin; home: string }> {
  const { home, log } = options;
  const versions = await pulumiVersions();
  const origin =
    (await installed(options, versions)) ??
    // Jobs that start together on one runner would take away each other's half-made plugins.
    (await withLock(
      `${home}.lock`,
      (pid) => log(`Pulumi's programs are being installed by process ${pid}; waiting`),
      async () => (await installed(options, versions)) ?? (await install(options, versions)),
    ));
  return { origin, home };
}

/** What a home is complete with; nothing when anything is missing or outdated. */
async function installed({ home, cache }: EnsurePulumiOptions, versions: PulumiVersions): Promise<Origin | undefined> {
  const marker = await readMarker(home);
  if (!marker || !isPresent(home, versions)) return undefined;
  const key = marker.origin === "official" ? officialKey(versions) : await sealedKey(versions, cache);
  return marker.key === key ? marker.origin : undefined;
}

async function install({ home, cache, log }: EnsurePulumiOptions, versions: PulumiVersions): Promise<Origin> {
  const marker = await readMarker(home);
  await mkdir(home, { recursive: true });
  await withoutAutomaticLogs(home);
  if (marker?.origin !== "sealed") {
    const obstacle = (await downloadObstacle(versions)) ?? (await tryOfficial(home, versions, log));
    if (obstacle === undefined) {
      await writeMarker(home, { origin: "official", key: officialKey(versions) });
      return "official";
    }
    log(
      `The official Pulumi programs can't be downloaded here (${obstacle}); building them from their Go modules, ` +
        "and using the stand-ins for command and random: see packages/stand-ins/README.md",
    );
  }
  const key = await sealedKey(versions, cache);
  await installSealed(home, versions, cache, log);
  await writeMarker(home, { origin: "sealed", key });
  return "sealed";
}

function officialKey(versions: PulumiVersions): string {
  return createHash("sha256").update(JSON.stringify(versions)).digest("hex");
}

/** Downloads the official programs. @returns the reason when that failed; nothing of them is left then */
async function tryOfficial(home: string, versions: PulumiVersions, log: Log): Promise<string | undefined> {
  try {
    await installOfficial(home, versions, log);
    return undefined;
  } catch (error) {
    await rm(join(home, "versions", versions.cli), { recursive: true, force: true });
    return (error as Error).message;
  }
}

async function pulumiVersions(): Promise<PulumiVersions> {
  const [cli, kubernetes] = [await installedVersion("pulumi"), await installedVersion("@pulumi/kubernetes")];
  return { cli, plugins: [...(await standIns()), { name: "kubernetes", version: kubernetes }] };
}

/** Version of a package in the project's node_modules. */
async function installedVersion(name: string): Promise<string> {
  const file = join(__dirname, "..", "..", "..", "node_modules", name, "package.json");
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}

function isPresent(home: string, { cli, plugins }: PulumiVersions): boolean {
  const files = [
    join("versions", cli, "bin", "pulumi"),
    join("versions", cli, "bin", "pulumi-language-nodejs"),
    ...plugins.map(({ name, version }) => join("plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`)),
  ];
  return files.every((file) => existsSync(join(home, file)));
}

const MARKER = "gitops-platform.json";

async function readMarker(home: string): Promise<Marker | undefined> {
  try {
    return JSON.parse(await readFile(join(home, MARKER), "utf8")) as Marker;
  } catch {
    return undefined; // A new home, or a marker that was cut short: look at everything again.
  }
}

async function writeMarker(home: string, marker: Marker): Promise<void> {
  const file = join(home, MARKER);
  await writeFile(`${file}.new`, JSON.stringify(marker));
  await rename(`${file}.new`, file);
}

/**
 * Keeps the CLI from writing its automatic log. The log holds every resource's properties, secrets in clear until the
 * stack's key is known, and costs a third of a preview's time (measured with 3.259.0). There is no switch; the CLI skips
 * the log where its directory can't be made.
 */
async function withoutAutomaticLogs(home: string): Promise<void> {
  const logs = join(home, "logs");
  if ((await stat(logs).catch(() => undefined))?.isFile()) return;
  await rm(logs, { recursive: true, force: true });
  await writeFile(logs, "A file, so that Pulumi's CLI writes no logs: see packages/mirror/pulumi/ensure.ts.\n");
}
