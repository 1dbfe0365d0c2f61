import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A program that is built from a Go module pinned by a go.mod and go.sum beside this file. */
export interface GoTool {
  /** What to call it in messages: `Pulumi CLI 3.259.0`. */
  readonly title: string;
  /** Directory below this one that holds go.mod and go.sum: `cli`. */
  readonly module: string;
  readonly package: string;
  /** File name of the program: `pulumi`. */
  readonly binary: string;
  /** Value for Pulumi's version variable, with its `v`. */
  readonly version: string;
}

export type Log = (line: string) => void;

/** Longest time between two progress lines while compiling. */
const PROGRESS_MS = 2_000;

function buildArguments({ version }: GoTool): string[] {
  const variable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
  return [
    "build",
    "-v",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    `-s -w -X ${variable}=${version}`,
  ];
}

/** Where the built program lies, or will lie: `CACHE/build/pulumi-<module>/<hash of all that decides it>/`. */
export async function goToolDirectory(tool: GoTool, cache: string, goVersion: string): Promise<string> {
  const hash = createHash("sha256").update([goVersion, tool.package, ...buildArguments(tool)].join("\0"));
  for (const file of ["go.mod", "go.sum"])
    hash.update("\0").update(await readFile(join(__dirname, tool.module, file), "utf8"));
  return join(cache, "build", `pulumi-${tool.module}`, hash.digest("hex"));
}

/**
 * Builds a program unless it is there already. A killed build leaves nothing but Go's own caches, from which the next
 * one continues.
 *
 * @returns the program's path
 */
export async function buildGoTool(tool: GoTool, cache: string, goVersion: string, log: Log): Promise<string> {
  const directory = await goToolDirectory(tool, cache, goVersion);
  const program = join(directory, tool.binary);
  if (existsSync(program)) return program;
  const draft = `${directory}.${process.pid}`;
  await removeAbandoned(dirname(directory));
  await mkdir(draft, { recursive: true });
  try {
    log(`building ${tool.title} from its Go module`);
    await go([...buildArguments(tool), "-o", join(draft, tool.binary), tool.package], tool, log);
    await rename(draft, directory).catch((error: unknown) => {
      // Another run finished the same build first.
      if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return program;
}

/** Removes the drafts of builds that were killed: those named after a process that is no more. */
async function removeAbandoned(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const pid = /\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Source directory of a module that a tool is built from, as Go downloaded it. */
export async function moduleDirectory(tool: GoTool, module: string): Promise<string> {
  return (await go(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module], tool)).trim();
}

/** `go1.26.8`: the toolchain that these modules are built with. */
export async function goToolchain(tool: GoTool): Promise<string> {
  return (await go(["env", "GOVERSION"], tool)).trim();
}

/** Runs Go in the tool's module; `log` gets a line about its progress now and then. */
function go(args: readonly string[], tool: GoTool, log?: Log): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd: join(__dirname, tool.module),
      // GOFLAGS of the user's must not decide what is built.
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let complaints: string[] = [];
    let packages = 0;
    let reported = Date.now();
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().split("\n")) {
        const isPackage = /^[\w./-]+$/.test(line);
        if (isPackage) packages++;
        else if (line !== "" && !line.startsWith("go: downloading")) complaints = [...complaints, line].slice(-20);
        if (log === undefined || line === "" || Date.now() - reported < PROGRESS_MS) continue;
        reported = Date.now();
        log(`${tool.title}: ${isPackage ? `${packages} packages compiled` : line.replace(/^go: /, "")}`);
      }
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      const what = error.code === "ENOENT" ? "go is not on PATH" : error.message;
      reject(new Error(`${tool.title} — ${what}; install Go 1.26 or newer, or let this machine reach get.pulumi.com`));
    });
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${tool.title} — "go ${args[0]}" failed (exit status ${code}):\n${complaints.join("\n")}`));
    });
  });
}
