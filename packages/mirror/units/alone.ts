import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GO_COMPONENTS, type GoComponentName } from "../catalogue/go-components";
import { goVersion, neededGoVersion } from "../host/tools";
import { goUnit, type GoComponent } from "./go-component";
import { type Unit, unitKey } from "./unit";

const MODULES = join(__dirname, "..", "modules");

type Log = (line: string) => void;

/** Shortest time between two progress lines. */
const PROGRESS_MS = 2_000;

/**
 * Builds one Go component, unless the cache has it: for commands that need one program and not the whole mirror.
 * The output lies where the mirror looks, so neither builds what the other has built. Doesn't wait for a mirror build;
 * a killed build leaves nothing but Go's own caches.
 *
 * @param log takes one line when there is something to build
 * @param progress takes a line about the compiler's progress, at most every two seconds
 * @returns the directory with the component's programs and files
 * @throws MirrorError when Go is missing or too old, or the build fails
 */
export async function buildAlone(component: GoComponent, cache: string, log: Log, progress?: Log): Promise<string> {
  return build(
    await locate(component),
    cache,
    `${component.name} ${component.version} from its Go module`,
    log,
    progress,
  );
}

async function build(unit: Unit, cache: string, title: string, log: Log, progress?: Log): Promise<string> {
  const directory = directoryOf(unit, cache);
  if (existsSync(directory)) return directory;
  for (const need of unit.needs) await build(need, cache, need.name, log, progress);
  log(`building ${title}, once: about ${unit.seconds} s`);
  const parent = dirname(directory);
  await removeAbandoned(parent);
  const draft = join(parent, `.${process.pid}`);
  const [output, scratch] = [join(draft, "output"), join(draft, "tmp")];
  await mkdir(output, { recursive: true });
  await mkdir(scratch, { recursive: true });
  await mkdir(join(cache, "build", "log"), { recursive: true });
  try {
    const onLine = progress && compilerProgress(unit.name, progress);
    const logFile = join(cache, "build", "log", `${unit.name}.log`);
    await unit.build(output, { cache, scratch, log: logFile, onLine, output: (need) => directoryOf(need, cache) });
    await rename(output, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error; // else the mirror, or another command, finished the same build first
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return directory;
}

/** The directory of a component's output, built or not. Its name changes with everything that decides the output. */
export async function componentDirectory(component: GoComponent, cache: string): Promise<string> {
  return directoryOf(await locate(component), cache);
}

async function locate(component: GoComponent): Promise<Unit> {
  return goUnit(component, await goVersion(neededGoVersion(MODULES)));
}

function directoryOf(unit: Unit, cache: string): string {
  return join(cache, "build", unit.name, unitKey(unit));
}

/** Turns the compiler's lines, a package each, into a count now and then. */
function compilerProgress(name: string, progress: Log): Log {
  let packages = 0;
  let reported = Date.now();
  return (line) => {
    const isPackage = /^[\w./-]+$/.test(line);
    if (isPackage) packages++;
    if (line === "" || Date.now() - reported < PROGRESS_MS) return;
    reported = Date.now();
    progress(`${name}: ${isPackage ? `${packages} packages compiled` : line.replace(/^go: /, "")}`);
  };
}

/** A component of the mirror's catalogue, built alone. */
export function buildFromCatalogue(name: GoComponentName, cache: string, log: Log): Promise<string> {
  return buildAlone(GO_COMPONENTS[name], cache, log);
}

/** Removes the drafts of killed builds: those named after a process that no longer exists. */
async function removeAbandoned(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const pid = /^\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
