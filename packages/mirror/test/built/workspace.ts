import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../../cache-directory";

export const PROJECT = join(__dirname, "../../../..");
/** The real cache, which tests only read. */
export const CACHE = cacheDirectory();

/** A cache of a test's own, on the real one's file system so that builds can be shared by hard links. */
export class Workspace {
  /** What XDG_CACHE_HOME is set to. */
  readonly home = mkdtempSync(join(CACHE, "test-"));
  readonly cache = join(this.home, "gitops-platform");
  private readonly children: ChildProcess[] = [];

  constructor() {
    mkdirSync(join(this.cache, "build"), { recursive: true });
  }

  /** Brings all finished builds of the real cache, but for those named. */
  shareBuilds(except: readonly string[] = []): void {
    const names = readdirSync(join(CACHE, "build")).filter((name) => !name.startsWith(".") && name !== "log");
    for (const name of names.filter((candidate) => !except.includes(candidate))) {
      execFileSync("cp", ["-al", join(CACHE, "build", name), join(this.cache, "build", name)]);
    }
  }

  /** Starts `npm run mirror -- ARGS` without npm; the output arrives in `lines`. */
  start(
    args: readonly string[] = [],
    project = PROJECT,
  ): { child: ChildProcess; lines: string[]; exit: Promise<number | null> } {
    const lines: string[] = [];
    const child = spawn(process.execPath, ["--require", "tsx/cjs", "packages/mirror/mirror.ts", ...args], {
      cwd: project,
      // Go keeps its caches: only the mirror's is a test's own.
      env: { ...process.env, XDG_CACHE_HOME: this.home, GOCACHE: goCache() },
    });
    this.children.push(child);
    const keep = (chunk: Buffer): number => lines.push(...chunk.toString().trimEnd().split("\n"));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    return { child, lines, exit: new Promise((resolve) => child.on("close", resolve)) };
  }

  /** Runs it to the end. */
  async mirror(
    args: readonly string[] = [],
    project = PROJECT,
  ): Promise<{ code: number | null; lines: string[]; seconds: number }> {
    const began = Date.now();
    const { lines, exit } = this.start(args, project);
    const code = await exit;
    return { code, lines, seconds: (Date.now() - began) / 1000 };
  }

  remove(): void {
    for (const child of this.children) child.kill("SIGKILL");
    if (existsSync(this.home)) rmSync(this.home, { recursive: true });
  }
}

function goCache(): string {
  return execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
}

/** Names of the components that a run says it built. */
export function builtNames(lines: readonly string[]): string[] {
  return lines.flatMap((line) => / (\S+) built in /.exec(line)?.[1] ?? []).sort();
}
