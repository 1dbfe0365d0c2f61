import { createHash } from "node:crypto";
import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command";
import { copyModule, type Execute, fillModule, type GeneratedModule } from "./module-copy";
import { type Pages, PAGES_FOLDER, pagesUnit } from "./pages";
import { directoryInputs } from "./source-files";
import type { BuildContext, Unit } from "./unit";

/** Programs and files from one pinned Go module graph: a folder with go.mod and go.sum. */
export interface GoComponent {
  /** Folder below `packages/mirror/modules`. */
  readonly name: string;
  /** Version of the main module, without a leading v. */
  readonly version: string;
  /** Program → the package it is built from. */
  readonly programs: Readonly<Record<string, string>>;
  /** Variables that the linker sets: `path.Name` → value. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Needs a C compiler; the program is linked statically all the same. @default false */
  readonly cgo?: boolean;
  /** Output name → a file or folder of a module, copied unchanged. */
  readonly moduleFiles?: Readonly<Record<string, { readonly module: string; readonly path: string }>>;
  /** The module whose generator runs before the programs are built. @default none */
  readonly generated?: GeneratedModule;
  /** The pages that the programs embed. @default none */
  readonly pages?: Pages;
  /** See {@link Unit}. */
  readonly seconds: number;
  readonly diskMiB: number;
}

const MODULES = join(__dirname, "..", "modules");

/** The unit that builds a Go component with the host's toolchain; the toolchain's version is an input. */
export function goUnit(component: GoComponent, goVersion: string): Unit {
  const { name, programs, variables, cgo, moduleFiles, generated, pages, seconds, diskMiB } = component;
  const pins = join(MODULES, name);
  const ui = pages && pagesUnit(pages, pins);
  return {
    name,
    inputs: [
      JSON.stringify([
        ...[goVersion, programs, variables, cgo, moduleFiles],
        ...(generated ? [generated] : []),
        ...(pages ? [pages.embeddedIn] : []),
      ]),
      ...directoryInputs(pins),
    ],
    needs: ui ? [ui] : [],
    seconds,
    diskMiB,
    build: (directory, context) => buildGo(component, ui, directory, context),
  };
}

async function buildGo(
  component: GoComponent,
  ui: Unit | undefined,
  directory: string,
  context: BuildContext,
): Promise<void> {
  const pins = join(MODULES, component.name);
  // The user's GOFLAGS would change the output, and the key doesn't contain them.
  const env = {
    ...{ CGO_ENABLED: component.cgo ? "1" : "0", GOOS: "linux", GOARCH: "amd64" },
    ...{ GOFLAGS: "", GOWORK: "off", GOTOOLCHAIN: "local", GOTMPDIR: context.scratch },
  };
  const { log, onLine } = context;
  const execute: Execute = (command, args, cwd, own) =>
    run(command, args, { label: `${component.name}: ${command}`, log, cwd, env: { ...env, ...own }, onLine });
  const main = await mainModule(component, ui, pins, context, execute);
  const go = (label: string, args: readonly string[], cwd: string): Promise<string> =>
    run("go", args, { label: `${component.name}: go ${label}`, log, cwd, env, onLine });
  const variables = Object.entries(component.variables ?? {}).map(([path, value]) => `-X ${path}=${value}`);
  const ldflags = ["-s -w", ...variables, ...(component.cgo ? ["-extldflags -static"] : [])].join(" ");
  for (const [program, pkg] of Object.entries(component.programs)) {
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", ldflags];
    const args = ["build", ...(onLine ? ["-v"] : []), ...flags, "-o", join(directory, program), pkg];
    await go(`build ${program}`, args, main);
  }
  for (const [name, { module, path }] of Object.entries(component.moduleFiles ?? {})) {
    // `go list` knows no directory of a module that nothing was built from yet.
    await go(`download ${module}`, ["mod", "download", module], pins);
    const list = ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module];
    const source = (await go(`list ${module}`, list, pins)).trim();
    await mkdir(join(directory, name, ".."), { recursive: true });
    await cp(join(source, path), join(directory, name), { recursive: true });
  }
  await recordSums(directory, Object.keys(component.programs));
}

/** @returns directory of the main module: that of the pins, unless files are missing in the module that is built */
async function mainModule(
  { generated, pages }: GoComponent,
  ui: Unit | undefined,
  pins: string,
  context: BuildContext,
  execute: Execute,
): Promise<string> {
  if (generated) return fillModule(generated, pins, context.scratch, execute);
  if (!pages || !ui) return pins;
  const { main, copy } = await copyModule(pages.module, pins, context.scratch, execute);
  await cp(join(context.output(ui), PAGES_FOLDER), join(copy, pages.embeddedIn), { recursive: true });
  return main;
}

/** Checksum and size of a file that a unit built. */
export interface FileSum {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Writes `sums.json` beside the files: a later listing reads it instead of hundreds of megabytes. */
export async function recordSums(directory: string, files: readonly string[]): Promise<void> {
  const sums: Record<string, FileSum> = {};
  for (const file of files) {
    const sha256 = createHash("sha256")
      .update(await readFile(join(directory, file)))
      .digest("hex");
    sums[file] = { sha256, size: (await stat(join(directory, file))).size };
  }
  await writeFile(join(directory, "sums.json"), JSON.stringify(sums, undefined, 2) + "\n");
}

/** Reads the file that {@link recordSums} wrote. */
export async function readSums(directory: string): Promise<Readonly<Record<string, FileSum>>> {
  return JSON.parse(await readFile(join(directory, "sums.json"), "utf8")) as Record<string, FileSum>;
}
