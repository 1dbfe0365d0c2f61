import { cp, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "./command";
import { copyFromModule } from "./module-copy";
import { directoryInputs, fileInput } from "./source-files";
import type { BuildContext, Unit } from "./unit";

/**
 * Pages that a program embeds: their TypeScript is in the program's Go module, their packages are on the npm registry, and
 * `packages/mirror/<name>` pins and completes them.
 */
export interface Pages {
  /** Name of the unit, and folder below `packages/mirror`. */
  readonly name: "argocd-ui";
  readonly module: string;
  /** Folder of the module with the source. */
  readonly source: string;
  /** Webpack's configuration, relative to the source's parent. */
  readonly config: string;
  /** Folder of the module that the program embeds. */
  readonly embeddedIn: string;
  /** Files of the pages that style sheets also look for beside `index.html`. */
  readonly besideIndex: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** See {@link Unit}. */
  readonly seconds: number;
  readonly diskMiB: number;
}

/** Folder of the unit's output with the pages. */
export const PAGES_FOLDER = "app";

const PACKAGE_FILES = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json"];
const NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];

/**
 * The unit that builds pages with the host's Node.js, whose version is an input.
 *
 * @param pins Folder with the go.mod and go.sum that pin the module.
 */
export function pagesUnit(pages: Pages, pins: string): Unit {
  const { seconds, diskMiB, ...recipe } = pages;
  const folder = join(__dirname, "..", pages.name);
  return {
    name: pages.name,
    inputs: [
      JSON.stringify([process.version, NPM_CI, recipe]),
      ...directoryInputs(folder),
      fileInput(join(pins, "go.sum"), "go.sum"),
    ],
    needs: [],
    seconds,
    diskMiB,
    build: (directory, context) => buildPages(pages, folder, pins, directory, context),
  };
}

async function buildPages(
  { name, module, source, config, besideIndex, env }: Pages,
  folder: string,
  pins: string,
  directory: string,
  context: BuildContext,
): Promise<void> {
  const cwd = context.scratch;
  const { log, onLine } = context;
  await copyFromModule(module, source, pins, join(cwd, "src"), (command, args, at) =>
    run(command, args, { label: `${name}: ${command}`, log, cwd: at, env: { GOFLAGS: "", GOWORK: "off" } }),
  );
  for (const file of PACKAGE_FILES) await cp(join(folder, file), join(cwd, file));
  await run("npm", NPM_CI, { label: `${name}: npm ci`, log, cwd, onLine });
  await cp(join(folder, "overlay"), join(cwd, "node_modules"), { recursive: true });
  const node = (label: string, ...args: string[]): Promise<string> =>
    run(process.execPath, args, { label: `${name}: ${label}`, log, cwd, env: { NODE_ENV: "production", ...env } });
  await node("tsc", "node_modules/typescript/bin/tsc", "--project", ".");
  await node("webpack", "node_modules/webpack-cli/bin/cli.js", "--config", config, "--mode", "production");
  const app = join(cwd, "dist", "app");
  for (const file of besideIndex) await cp(join(app, file), join(app, basename(file)));
  await rename(app, join(directory, PAGES_FOLDER));
}
