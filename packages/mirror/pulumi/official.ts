import { spawn } from "node:child_process";
import { join } from "node:path";

/** Takes one line about progress. */
export type Log = (line: string) => void;

/** The exact versions that the program's packages ask for. */
export interface PulumiVersions {
  readonly cli: string;
  readonly plugins: readonly { readonly name: string; readonly version: string }[];
}

const RELEASES = "https://get.pulumi.com";
/** Longest time for the question whether the release server can be reached. */
const PROBE_MS = 5_000;
/** npm's `pulumi` package: it downloads the command line program on its first run. */
const NPM_PULUMI = join(__dirname, "..", "..", "..", "node_modules", "pulumi", "run.js");

/**
 * The reason why the official programs can't be downloaded, or nothing. Requests the headers of each from the release
 * server, all at once, and downloads none.
 */
export async function downloadObstacle(
  versions: PulumiVersions,
  request: typeof fetch = fetch,
): Promise<string | undefined> {
  const cpu = process.arch === "arm64" ? "arm64" : "x64";
  const pluginCpu = process.arch === "arm64" ? "arm64" : "amd64";
  const urls = [
    `${RELEASES}/install.sh`,
    `${RELEASES}/releases/sdk/pulumi-v${versions.cli}-linux-${cpu}.tar.gz`,
    ...versions.plugins.map(
      ({ name, version }) =>
        `${RELEASES}/releases/plugins/pulumi-resource-${name}-v${version}-linux-${pluginCpu}.tar.gz`,
    ),
  ];
  const signal = AbortSignal.timeout(PROBE_MS);
  const obstacles = await Promise.all(
    urls.map(async (url) => {
      try {
        const response = await request(url, { method: "HEAD", signal });
        return response.ok ? undefined : `${url} answers ${response.status}`;
      } catch (error) {
        return `${new URL(url).host}: ${describe(error)}`;
      }
    }),
  );
  return obstacles.find((obstacle) => obstacle !== undefined);
}

/** Downloads the official command line program and plugins into a Pulumi home. */
export async function installOfficial(home: string, versions: PulumiVersions, log: Log): Promise<void> {
  log(`downloading the official Pulumi CLI ${versions.cli}`);
  await pulumi(home, ["version"]);
  for (const { name, version } of versions.plugins) {
    log(`downloading the official ${name} plugin ${version}`);
    await pulumi(home, ["plugin", "install", "resource", name, version, "--exact"]);
  }
}

function pulumi(home: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [NPM_PULUMI, ...args], {
      env: { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaints = "";
    child.stderr.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-2_000)));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`"pulumi ${args.join(" ")}" failed (exit status ${code}): ${complaints.trim()}`));
    });
  });
}

function describe(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === "TimeoutError") return `no answer in ${PROBE_MS / 1000} s`;
  return cause?.code ?? message;
}
