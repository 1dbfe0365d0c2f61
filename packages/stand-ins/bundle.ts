import type { BuildOptions } from "esbuild";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** A package whose plugin a stand-in takes the place of. */
export interface StandIn {
  /** `command` */
  readonly name: string;
  /** Version of the installed SDK package, which is the plugin version that the engine asks for: `1.2.1`. */
  readonly version: string;
}

const NAMES = ["command", "random"] as const;
const ROOT = join(__dirname, "..", "..");

/** How both files of a plugin are made. */
const OPTIONS: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  // Native parts of ssh2, optional and not built here.
  external: ["*.node", "cpu-features"],
  logLevel: "error",
};

/** The stand-ins, with the versions of the installed SDK packages. */
export async function standIns(): Promise<StandIn[]> {
  return Promise.all(
    NAMES.map(async (name) => {
      const text = await readFile(join(ROOT, "node_modules", "@pulumi", name, "package.json"), "utf8");
      return { name, version: (JSON.parse(text) as { version: string }).version };
    }),
  );
}

/** Hash of everything that goes into the bundles: the sources, and the lock file for what they import. */
export async function standInsKey(): Promise<string> {
  const hash = createHash("sha256").update(process.version);
  const names = (await readdir(__dirname, { recursive: true })).filter((name) => name.endsWith(".ts")).sort();
  for (const file of [...names.map((name) => join(__dirname, name)), join(ROOT, "package-lock.json")]) {
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(await readFile(file, "utf8"))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * Bundles every stand-in into one file, with a launcher, and puts both where the engine looks for the official plugin:
 * `<pulumiHome>/plugins/resource-<name>-v<version>/pulumi-resource-<name>`. A plugin that is there already is replaced as
 * a whole, so that an engine never sees half of one.
 */
export async function installStandIns(pulumiHome: string, plugins: readonly StandIn[]): Promise<void> {
  // Loaded only when there is something to bundle: `npm start` on a running platform has no use for it.
  const { build } = await import("esbuild");
  const install = async ({ name, version }: StandIn): Promise<void> => {
    const target = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
    // The leading dot keeps the engine from taking the half-made directory for a plugin.
    const draft = join(pulumiHome, "plugins", `.${name}-${process.pid}`);
    const program = join(draft, `pulumi-resource-${name}`);
    try {
      await build({ ...OPTIONS, entryPoints: [join(__dirname, name, "main.ts")], outfile: join(draft, "plugin.js") });
      await build({
        ...OPTIONS,
        entryPoints: [join(__dirname, "launcher.ts")],
        outfile: program,
        banner: { js: "#!/usr/bin/env node" },
      });
      await chmod(program, 0o755);
      await rm(target, { recursive: true, force: true });
      await rename(draft, target);
      // Left by an interrupted download of the official plugin, it would make the engine overlook this one.
      await rm(`${target}.partial`, { force: true });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  };
  await Promise.all(plugins.map(install));
}
