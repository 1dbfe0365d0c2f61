import { chmod, copyFile, cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A module whose programs embed files that its own generator writes and its release on the module proxy lacks. */
export interface GeneratedModule {
  readonly module: string;
  /** Folder of the module that the generator stands in, and writes to. */
  readonly folder: string;
  /** File of the generator: `generate.go`. */
  readonly generator: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs Go, or a program that Go built, in a directory. @returns what it prints on standard output */
export type Execute = (
  command: string,
  args: readonly string[],
  cwd: string,
  env?: Readonly<Record<string, string>>,
) => Promise<string>;

/** Where a copy of a module is built from. */
export interface ModuleCopy {
  /** Directory of the main module, which has the copy in place of the original. */
  readonly main: string;
  /** Directory of the copy, which is writable. */
  readonly copy: string;
}

/**
 * Copies a module, and makes a main module that has the copy in place of the original: Go embeds no file that isn't in the
 * module, and takes no overlay for the module cache. The original is checked against go.sum when it is downloaded.
 *
 * @param pins Folder with go.mod and go.sum.
 * @param scratch Directory that both go to.
 */
export async function copyModule(module: string, pins: string, scratch: string, execute: Execute): Promise<ModuleCopy> {
  const main = join(scratch, "main");
  const copy = join(main, "module");
  await mkdir(main);
  await copyFromModule(module, ".", pins, copy, execute);
  for (const file of ["go.mod", "go.sum"]) await copyFile(join(pins, file), join(main, file));
  // A relative path: what is built says nothing of this computer.
  await execute("go", ["mod", "edit", `-replace=${module}=./module`], main);
  return { main, copy };
}

/** Downloads a module, checked against go.sum, and copies a folder of it, writable. */
export async function copyFromModule(
  module: string,
  folder: string,
  pins: string,
  target: string,
  execute: Execute,
): Promise<void> {
  const downloaded = JSON.parse(await execute("go", ["mod", "download", "-json", module], pins)) as { Dir: string };
  await cp(join(downloaded.Dir, folder), target, { recursive: true });
  await makeWritable(target);
}

/** Copies a module as {@link copyModule} does, and lets its generator fill the copy. @returns directory of the main module */
export async function fillModule(
  { module, folder, generator, env }: GeneratedModule,
  pins: string,
  scratch: string,
  execute: Execute,
): Promise<string> {
  const { main, copy } = await copyModule(module, pins, scratch, execute);
  const program = join(scratch, "generate");
  const source = join(copy, folder, generator);
  await execute("go", ["build", "-mod=readonly", "-o", program, source], main);
  await execute(program, [], join(copy, folder), env);
  return main;
}

/** Files of the module cache are read-only. */
async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeWritable(path);
    else await chmod(path, 0o644);
  }
}
