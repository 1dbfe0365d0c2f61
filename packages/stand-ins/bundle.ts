import type { BuildOptions } from "esbuild";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** A plugin that a stand-in replaces. */
export interface StandIn {
  /** `command` */
  readonly name: string;
  /** Version of the installed SDK package: the engine asks for the plugin of that version. `1.2.1` */
  readonly version: string;
}

const NAMES = ["command", "random"] as const;
const ROOT = join(__dirname, "..", "..");

const OPTIONS: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  banner: { js: "#!/usr/bin/env node" },
  minifySyntax: true,
  minifyWhitespace: true,
  // Native parts of ssh2, optional and not built here.
  external: ["*.node", "cpu-features"],
  logLevel: "error",
};

/** Every stand-in, in the version of its installed SDK package. */
export async function standIns(): Promise<StandIn[]> {
  return Promise.all(
    NAMES.map(async (name) => {
      const text = await readFile(join(ROOT, "node_modules", "@pulumi", name, "package.json"), "utf8");
      return { name, version: (JSON.parse(text) as { version: string }).version };
    }),
  );
}

/** Hash of the sources, and of the lock file for what they import. */
export async function standInsKey(): Promise<string> {
  const hash = createHash("sha256").update(process.version);
  const names = (await readdir(__dirname, { recursive: true }))
    .filter((name) => name.endsWith(".ts") && !name.startsWith("test/"))
    .sort();
  for (const file of [...names.map((name) => join(__dirname, name)), join(ROOT, "package-lock.json")]) {
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(await readFile(file, "utf8"))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * Bundles each stand-in into one executable file, where the engine looks for the official plugin:
 * `<pulumiHome>/plugins/resource-<name>-v<version>/pulumi-resource-<name>`. Replaces an installed plugin in one rename, so
 * that an engine never starts half of one.
 */
export async function installStandIns(pulumiHome: string, plugins: readonly StandIn[]): Promise<void> {
  // Loaded only when there is something to bundle: a second `npm start` skips it.
  const { build } = await import("esbuild");
  const install = async ({ name, version }: StandIn): Promise<void> => {
    const target = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
    // The leading dot keeps the engine from taking the half-made directory for a plugin.
    const draft = join(pulumiHome, "plugins", `.${name}-${process.pid}`);
    const program = join(draft, `pulumi-resource-${name}`);
    try {
      await build({ ...OPTIONS, entryPoints: [join(__dirname, name, "main.ts")], outfile: program });
      await chmod(program, 0o755);
      await rm(target, { recursive: true, force: true });
      await rename(draft, target);
      // An interrupted download of the official plugin leaves it, and the engine then overlooks this one.
      await rm(`${target}.partial`, { force: true });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  };
  await Promise.all(plugins.map(install));
}
