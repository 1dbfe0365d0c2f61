import { build } from "esbuild";
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { paths, root } from "../../scripts/lib/paths";

/** Plugins that touch nothing; random values are drawn as ever. */
const SOURCES: Readonly<Record<string, string>> = {
  command: "test/plans/pretend/command.ts",
  kubernetes: "test/plans/pretend/kubernetes.ts",
  random: "packages/stand-ins/random/main.ts",
};

/**
 * Makes a Pulumi home with the real engine and language host, and plugins under which a stack comes up, in Pulumi's
 * state, without any machine: what a plan is made from.
 */
export async function pretendHome(directory: string): Promise<void> {
  mkdirSync(join(directory, "plugins"), { recursive: true });
  // "logs" is a file that keeps the CLI from writing a log of every value, a third of a preview's time.
  for (const name of ["versions", "logs"]) symlinkSync(join(paths.pulumiHome, name), join(directory, name));
  for (const [name, source] of Object.entries(SOURCES)) {
    const sdk = readFileSync(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8");
    const { version } = JSON.parse(sdk) as { version: string };
    const outfile = join(directory, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
    await build({
      ...{ bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "error", outfile },
      entryPoints: [join(root, source)],
      external: ["*.node", "cpu-features"],
      banner: { js: "#!/usr/bin/env node" },
    });
    chmodSync(outfile, 0o755);
  }
}
