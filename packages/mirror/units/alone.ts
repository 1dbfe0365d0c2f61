import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { GO_COMPONENTS, type GoComponentName } from "../catalogue/go-components";
import { goVersion, neededGoVersion } from "../host/tools";
import { goUnit, type GoComponent } from "./go-component";
import { unitKey } from "./unit";

const MODULES = join(__dirname, "..", "modules");

/**
 * Builds one Go component by itself, unless the cache has it: for commands that need one program and not the whole
 * mirror. It lands where the mirror looks, so neither builds what the other has built. Doesn't wait for a mirror that is
 * being built; a killed build leaves nothing but Go's own caches.
 *
 * @param log takes one line, when there is something to build
 * @returns the directory with the component's programs and files
 * @throws MirrorError when Go is missing or too old, or the build fails
 */
export async function buildAlone(component: GoComponent, cache: string, log: (line: string) => void): Promise<string> {
  const unit = goUnit(component, await goVersion(neededGoVersion(MODULES)));
  const parent = join(cache, "build", unit.name);
  const directory = join(parent, unitKey(unit));
  if (existsSync(directory)) return directory;
  log(`getting ${component.name} ${component.version} from its Go module, once: about ${unit.seconds} s`);
  await removeAbandoned(parent);
  const draft = join(parent, `.${process.pid}`);
  const [output, scratch] = [join(draft, "output"), join(draft, "tmp")];
  await mkdir(output, { recursive: true });
  await mkdir(scratch, { recursive: true });
  await mkdir(join(cache, "build", "log"), { recursive: true });
  try {
    const context = { cache, scratch, log: join(cache, "build", "log", `${unit.name}.log`), output: () => "" };
    await unit.build(output, context);
    await rename(output, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error; // else the mirror, or another command, finished the same build first
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return directory;
}

/** A component of the mirror's catalogue, built alone. */
export function buildFromCatalogue(name: GoComponentName, cache: string, log: (line: string) => void): Promise<string> {
  return buildAlone(GO_COMPONENTS[name], cache, log);
}

/** Removes the drafts of builds that were killed: those named after a process that is no more. */
async function removeAbandoned(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const pid = /^\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
