import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unitKey, type BuildContext, type Unit } from "./unit";

/**
 * Finished outputs by content: `CACHE/build/<unit>/<key>/`.
 * An output appears by one rename, so a directory that exists is complete, and a killed build leaves only scratch.
 */
export class BuildStore {
  private readonly root: string;
  private readonly scratchRoot: string;
  private readonly durationsFile: string;
  private durations: Record<string, number> = {};

  constructor(private readonly cache: string) {
    this.root = join(cache, "build");
    this.scratchRoot = join(this.root, ".scratch");
    this.durationsFile = join(this.root, "durations.json");
  }

  /** Makes the directories and removes the leftovers of a killed run. Call it with the mirror's lock held. */
  async open(): Promise<void> {
    await rm(this.scratchRoot, { recursive: true, force: true });
    await mkdir(this.scratchRoot, { recursive: true });
    await mkdir(join(this.root, "log"), { recursive: true });
    try {
      this.durations = JSON.parse(await readFile(this.durationsFile, "utf8")) as Record<string, number>;
    } catch {
      this.durations = {}; // no run has finished yet, or a killed one cut the file: estimates start from the defaults
    }
  }

  /** The directory of the unit's output, built or not. */
  directory(unit: Unit): string {
    return join(this.root, unit.name, unitKey(unit));
  }

  has(unit: Unit): boolean {
    return existsSync(this.directory(unit));
  }

  /** Removes a finished output, so that the unit is built again. */
  async discard(unit: Unit): Promise<void> {
    await rm(this.directory(unit), { recursive: true, force: true });
  }

  /** Expected seconds of a build: those of the last one, or the unit's default. */
  expectedSeconds(unit: Unit): number {
    return this.durations[unit.name] ?? unit.seconds;
  }

  /** Builds a unit in scratch and moves the output to its place. */
  async build(unit: Unit): Promise<void> {
    const started = Date.now();
    const work = join(this.scratchRoot, unit.name);
    const [output, scratch, log] = [
      join(work, "output"),
      join(work, "tmp"),
      join(this.root, "log", `${unit.name}.log`),
    ];
    await mkdir(output, { recursive: true });
    await mkdir(scratch, { recursive: true });
    await writeFile(log, "");
    const context: BuildContext = { cache: this.cache, scratch, log, output: (other) => this.directory(other) };
    try {
      await unit.build(output, context);
      await mkdir(join(this.root, unit.name), { recursive: true });
      await rename(output, this.directory(unit)).catch((error: unknown) => {
        if (!this.has(unit)) throw error; // else a command that needed this one built it meanwhile: see alone.ts
      });
    } catch (cause) {
      // On a full disk even this line may fail; the first cause is the one to report.
      await appendFile(log, `failed: ${String(cause)}\n`).catch(() => undefined);
      throw cause;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    this.durations[unit.name] = Math.max(1, Math.round((Date.now() - started) / 1000));
    await writeFile(this.durationsFile, JSON.stringify(this.durations, undefined, 2));
  }
}
