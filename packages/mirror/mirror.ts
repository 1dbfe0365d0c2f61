import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { MirrorError } from "./units/failure";
import { cacheDirectory } from "./cache-directory";
import { EARLIER_KUBERNETES, LATER_ARGOCD } from "./catalogue/go-components";
import { ensureMirror, type EnsureMirrorArgs, type Mirror } from "./ensure-mirror";
import { formatDuration, plainDisplay, taskDisplay } from "./progress";
import { artifactTable, readArtifacts } from "./publish/artifacts-file";
import { MirrorLayout } from "./publish/layout";

export { ensureMirror } from "./ensure-mirror";

export const USAGE = `npm run mirror -- [options]

Builds or updates the air-gap mirror: every file and image that a cluster downloads, with its checksum.

  --from SOURCE           modules: build everything from Go modules and Debian packages
                          upstream: copy upstream's releases, as listed in airgap/upstream.json
                          auto (default): what the mirror was made from; a new one is made from modules
  --pin                   with upstream: resolve images that have no digest yet, and write it into the list
  --upstream-list FILE    another list than airgap/upstream.json
  --upstream-files URL    a server that has upstream's files by host and path
  --upstream-registry H:P a registry that has upstream's images by host and repository
  --virtual               also build a hypervisor's disk and a guest image, for virtual machines on this computer
  --kubernetes VERSION    also build this earlier release, which a cluster is upgraded from
  --argocd VERSION        also build this later release, which a cluster is upgraded to
  --refresh-debian        take today's Debian packages for the machines' disk and the images
  --list                  only show what the mirror has
  --help                  this text
`;

const OPTIONS = {
  from: { type: "string", default: "auto" },
  pin: { type: "boolean", default: false },
  "upstream-list": { type: "string" },
  "upstream-files": { type: "string" },
  "upstream-registry": { type: "string" },
  virtual: { type: "boolean", default: false },
  kubernetes: { type: "string", multiple: true },
  argocd: { type: "string", multiple: true },
  "refresh-debian": { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** What is built on request, by the option that asks for it. */
const RELEASES = { kubernetes: EARLIER_KUBERNETES, argocd: LATER_ARGOCD } as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function parseOptions(args: readonly string[]): Options {
  try {
    return parseArgs({ options: OPTIONS, args: [...args] }).values;
  } catch (cause) {
    throw new MirrorError(`npm run mirror — ${cause instanceof Error ? cause.message : String(cause)} — see --help`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printList(cache: string): void {
  const { artifactsFile } = new MirrorLayout(cache);
  const artifacts = readArtifacts(artifactsFile);
  if (!artifacts) throw new MirrorError(`${artifactsFile} — there is no mirror yet — build it with npm run mirror`);
  print(`${artifacts.origin} (${artifactsFile})\n\n${artifactTable(artifacts)}`);
}

/** On a terminal one moving line, elsewhere a log. */
async function ensure(args: Omit<EnsureMirrorArgs, "display">): Promise<Mirror> {
  if (!process.stdout.isTTY) return ensureMirror({ ...args, display: plainDisplay(print) });
  const { Listr } = await import("listr2");
  let mirror: Mirror | undefined;
  await new Listr([
    {
      title: "Air-gap mirror",
      task: async (_context, task) => void (mirror = await ensureMirror({ ...args, display: taskDisplay(task) })),
    },
  ]).run();
  if (!mirror) throw new Error("the mirror task did not run");
  return mirror;
}

/**
 * `npm run mirror -- …`.
 *
 * @throws MirrorError
 */
export async function mirrorCommand(args: readonly string[]): Promise<void> {
  const began = Date.now();
  const { from, pin, list, help, virtual, kubernetes = [], argocd = [], ...upstream } = parseOptions(args);
  const cache = cacheDirectory();
  if (help) {
    print(USAGE);
    return;
  }
  if (list) {
    printList(cache);
    return;
  }
  if (from !== "auto" && from !== "modules" && from !== "upstream") {
    throw new MirrorError(`--from — is unknown (got ${from}, need auto, modules or upstream) — see --help`);
  }
  if (upstream["upstream-list"] && !existsSync(upstream["upstream-list"])) {
    throw new MirrorError(
      `--upstream-list — does not exist (got ${upstream["upstream-list"]}) — name an existing file`,
    );
  }
  for (const [part, versions] of Object.entries({ kubernetes, argocd })) {
    const known: readonly string[] = RELEASES[part as keyof typeof RELEASES];
    if (from === "upstream" && versions.length > 0) {
      throw new MirrorError(
        `--${part} — is built from modules, and an upstream mirror has what its list names — add the release there`,
      );
    }
    const unknown = versions.find((version) => !known.includes(version));
    if (unknown !== undefined) {
      throw new MirrorError(
        `--${part} — is not built on request (got ${unknown}, need ${known.join(" or ")}) — see --help`,
      );
    }
  }
  const mirror = await ensure({
    ...{ cache, from, virtual, releases: { kubernetes, argocd } },
    refreshDebian: upstream["refresh-debian"],
    upstream: {
      pin,
      ...(upstream["upstream-list"] ? { list: upstream["upstream-list"] } : {}),
      ...(upstream["upstream-files"] ? { files: upstream["upstream-files"] } : {}),
      ...(upstream["upstream-registry"] ? { registry: upstream["upstream-registry"] } : {}),
    },
  });
  const what = mirror.changed ? `updated in ${formatDuration((Date.now() - began) / 1000)}` : "is up to date";
  print(`mirror: ${what}: ${mirror.directory}`);
}

if (require.main === module) {
  mirrorCommand(process.argv.slice(2)).catch((cause: unknown) => {
    const text = cause instanceof MirrorError ? cause.message : cause instanceof Error ? cause.stack : String(cause);
    process.stderr.write(`mirror: ${text ?? ""}\n`);
    process.exitCode = 1;
  });
}
