import { createHash } from "node:crypto";
import { chmod, copyFile, link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { installStandIns, standInsKey } from "@gitops-platform/stand-ins/bundle";
import { buildGoTool, type GoTool, goToolchain, goToolDirectory, type Log, moduleDirectory } from "./go-tool";
import type { PulumiVersions } from "./official";

function commandLine(version: string): GoTool {
  return {
    title: `Pulumi CLI ${version}`,
    module: "cli",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    binary: "pulumi",
    version: `v${version}`,
  };
}

/* Later language hosts live in a Go module that isn't published. The engine's protocol for them is stable. */
const LANGUAGE_HOST: GoTool = {
  title: "Pulumi's Node.js language host 3.68.0",
  module: "language-nodejs",
  package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  binary: "pulumi-language-nodejs",
  version: "v3.68.0",
};

/** The part of the Node.js SDK that the engine looks for beside the language host. */
const DYNAMIC_PROVIDER = "pulumi-resource-pulumi-nodejs";

/** Hash of everything that decides what `installSealed` puts in place. */
export async function sealedKey(versions: PulumiVersions, cache: string): Promise<string> {
  const cli = commandLine(versions.cli);
  const [toolchain, standIns] = await Promise.all([goToolchain(cli), standInsKey()]);
  const directories = await Promise.all([cli, LANGUAGE_HOST].map((tool) => goToolDirectory(tool, cache, toolchain)));
  return createHash("sha256")
    .update(JSON.stringify([versions, standIns, directories]))
    .digest("hex");
}

/**
 * Puts a Pulumi home together without Pulumi's release server: the command line program and the Node.js language host,
 * built from their Go modules, where npm's `pulumi` package looks for its download, and the stand-in plugins.
 */
export async function installSealed(home: string, versions: PulumiVersions, cache: string, log: Log): Promise<void> {
  const cli = commandLine(versions.cli);
  const toolchain = await goToolchain(cli);
  const programs = join(home, "versions", versions.cli, "bin");
  await mkdir(programs, { recursive: true });
  for (const tool of [cli, LANGUAGE_HOST]) {
    await place(await buildGoTool(tool, cache, toolchain, log), join(programs, tool.binary));
  }
  const sdk = await moduleDirectory(cli, "github.com/pulumi/pulumi/sdk/v3");
  await place(join(sdk, "nodejs", "dist", DYNAMIC_PROVIDER), join(programs, DYNAMIC_PROVIDER), { copy: true });
  log("bundling the stand-in plugins");
  await installStandIns(home, versions.plugins);
}

/** Puts a program in place: linked, so that it takes no space twice, or copied from another file system. */
async function place(program: string, target: string, { copy = false } = {}): Promise<void> {
  await rm(target, { force: true });
  try {
    if (copy) await copyFile(program, target);
    else await link(program, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await copyFile(program, target);
  }
  await chmod(target, 0o755);
}
