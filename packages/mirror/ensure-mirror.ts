import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./cache-directory";
import { BuildStore } from "./units/store";
import { buildAll } from "./units/schedule";
import { isMadeFrom, type Unit } from "./units/unit";
import { builtFiles, builtGuestFiles, builtImages, builtRelease, hostTools } from "./catalogue/artifacts";
import { declareUnits, type Release, type ReleasedPart, type Units } from "./catalogue/units";
import { explainDiskFull, requireSpace } from "./host/disk-space";
import { withLock } from "./host/lock";
import { goVersion, GUEST_PACKAGES, installMissing, neededGoVersion } from "./host/tools";
import { plainDisplay, ProgressTracker, type ProgressDisplay } from "./progress";
import { ORIGINS, readArtifacts, writeJson } from "./publish/artifacts-file";
import { ImageWriter } from "./publish/image-writer";
import { MirrorLayout, publishProgram } from "./publish/layout";
import { publishModules, publishTools, type Published } from "./publish/modules";
import { copyUpstream } from "./upstream/copy";
import { pinImages, readUpstreamLists, UPSTREAM_LIST } from "./upstream/lists";

/** `modules` builds everything from Go modules and Debian packages; `upstream` copies upstream's releases. */
export type MirrorSource = "modules" | "upstream";

export interface UpstreamArgs {
  /** @default airgap/upstream.json */
  readonly list?: string;
  /** Base URL that has upstream's files by host and path. @default upstream's own servers */
  readonly files?: string;
  /** `host:port` that has upstream's images by host and repository. @default upstream's own registries */
  readonly registry?: string;
  /** Resolves unpinned images again and writes their digests into the list. @default false */
  readonly pin?: boolean;
}

export interface EnsureMirrorArgs {
  /** @default ${XDG_CACHE_HOME:-~/.cache}/gitops-platform */
  readonly cache?: string;
  /** `auto` keeps the mirror's source; a new mirror is built from modules. @default auto */
  readonly from?: MirrorSource | "auto";
  readonly upstream?: UpstreamArgs;
  /** Installs today's Debian packages in the machines' disk and the images again. @default false */
  readonly refreshDebian?: boolean;
  /**
   * Also builds a hypervisor's disk and a guest image. A mirror that has current ones keeps and lists them. @default false
   */
  readonly virtual?: boolean;
  /**
   * Also builds these releases, which clusters are upgraded from or to: `{ kubernetes: ["1.27.3"] }`. Those that no module
   * is served of are left out, because the stack's own check names what the list lacks. A mirror that has one keeps and
   * lists it. @default none
   */
  readonly releases?: Readonly<Partial<Record<ReleasedPart, readonly string[]>>>;
  /** Takes one line for each unit that begins or ends, with the remaining time. */
  readonly log?: (line: string) => void;
  /** Shows progress instead of {@link log}: see `taskDisplay`. */
  readonly display?: ProgressDisplay;
}

export interface Mirror {
  /** `CACHE/mirror`. */
  readonly directory: string;
  /** The {@link ArtifactList}. */
  readonly artifactsFile: string;
  /** Whether this call built, copied or published anything. */
  readonly changed: boolean;
}

/**
 * Builds or updates the air-gap mirror, and returns at once when nothing changed.
 * It may be killed at any time; the next call continues with the first unfinished component.
 *
 * @throws MirrorError for a failed build, a full disk, a wrong checksum or a missing tool
 */
export async function ensureMirror(args: EnsureMirrorArgs): Promise<Mirror> {
  process.umask(0o022); // modes end up in images
  const cache = args.cache ?? cacheDirectory();
  mkdirSync(cache, { recursive: true });
  const display = args.display ?? plainDisplay(args.log ?? (() => undefined));
  const waiting = (pid: number): void => display.note(`waiting for another mirror build, process ${pid}`);
  return withLock(join(cache, "mirror.lock"), waiting, () => new MirrorRun(cache, args, display).run());
}

/** One run, with the lock held. */
class MirrorRun {
  private readonly layout: MirrorLayout;
  private readonly store: BuildStore;
  private readonly logs: string;

  constructor(
    private readonly cache: string,
    private readonly args: EnsureMirrorArgs,
    private readonly display: ProgressDisplay,
  ) {
    this.layout = new MirrorLayout(cache);
    this.store = new BuildStore(cache);
    this.logs = join(cache, "build", "log");
  }

  async run(): Promise<Mirror> {
    const recorded = readArtifacts(this.layout.artifactsFile);
    const auto = recorded?.origin === ORIGINS.upstream ? "upstream" : "modules";
    const source = this.args.from === undefined || this.args.from === "auto" ? auto : this.args.from;
    const units = declareUnits(await goVersion(neededGoVersion(join(__dirname, "modules"))));
    // An upstream mirror has kubectl among its files; only what runs here or has no upstream release is built.
    const tools = hostTools(units).filter(({ name }) => source === "modules" || name !== "kubectl");
    await this.store.open();
    const virtual = this.virtualUnits(units, source);
    const basic = source === "modules" ? units.ordered : [units.machine, ...tools.map(({ unit }) => unit)];
    const releases = source === "modules" ? this.requestedReleases(units) : [];
    const wanted = [...basic, ...virtual, ...releases.flatMap(unitsOf)];
    const outdated = this.args.refreshDebian ? wanted.filter((unit) => isMadeFrom(unit, units.debian)) : [];
    for (const unit of outdated) await this.store.discard(unit);
    const stale = wanted.filter((unit) => !this.store.has(unit));
    await this.build(stale, stale.some((unit) => virtual.includes(unit)) ? GUEST_PACKAGES : {});
    const disks = [
      { unit: units.machine, directory: this.layout.machine },
      ...(virtual.length > 0 ? [{ unit: units.virtual.hypervisor, directory: this.layout.hypervisor }] : []),
    ];
    const toolsChanged = await publishTools(this.store, this.layout, tools, disks);
    const published = await this.publish(source, units, releases);
    const list = { origin: ORIGINS[source], artifacts: published.artifacts };
    const listed = await writeJson(this.layout.artifactsFile, list);
    return {
      directory: this.layout.root,
      artifactsFile: this.layout.artifactsFile,
      changed: toolsChanged || published.changed || listed,
    };
  }

  /** The units of virtual machines, if requested or built already. Upstream has its own guest images. */
  private virtualUnits({ virtual }: Units, source: MirrorSource): readonly Unit[] {
    const units = source === "modules" ? Object.values(virtual) : [virtual.hypervisor];
    return this.args.virtual || units.every((unit) => this.store.has(unit)) ? units : [];
  }

  /** The releases that are requested or built already. */
  private requestedReleases({ releases }: Units): readonly Release[] {
    return releases.filter(
      (release) =>
        this.args.releases?.[release.part]?.includes(release.version) ||
        unitsOf(release).every((unit) => this.store.has(unit)),
    );
  }

  private async build(stale: readonly Unit[], furtherPackages: Readonly<Record<string, string>>): Promise<void> {
    if (stale.length === 0) return;
    const { display } = this;
    await installMissing((text) => display.note(text), join(this.logs, "apt.log"), furtherPackages);
    const needed = new Map(stale.map((unit) => [unit, unit.diskMiB]));
    const remaining = (): number => [...needed.values()].reduce((sum, mib) => sum + mib, 0);
    await requireSpace(this.cache, remaining());
    const tracker = new ProgressTracker(new Map(stale.map((unit) => [unit.name, this.store.expectedSeconds(unit)])));
    display.begin(tracker);
    try {
      await buildAll(
        stale,
        (unit) =>
          this.store.build(unit).catch(async (cause: unknown) => {
            throw await explainDiskFull(cause, this.cache, unit.name, remaining());
          }),
        {
          started: (unit) => {
            tracker.started(unit);
            display.started(unit.name, tracker);
          },
          finished: (unit, seconds) => {
            needed.delete(unit);
            tracker.finished(unit);
            display.finished(unit.name, seconds, tracker);
          },
        },
      );
    } finally {
      display.end();
    }
  }

  private async publish(source: MirrorSource, units: Units, requested: readonly Release[]): Promise<Published> {
    const writer = new ImageWriter(this.layout, this.logs);
    try {
      const releases = requested.map(builtRelease);
      const guests = builtGuestFiles(units).filter(({ unit }) => this.store.has(unit));
      const files = [...builtFiles(units), ...guests, ...releases.flatMap((release) => release.files)];
      const images = [...builtImages(units), ...releases.flatMap((release) => release.images)];
      if (source === "modules") return await publishModules(files, images, this.store, this.layout, writer);
      return await this.copy(writer);
    } catch (cause) {
      throw await explainDiskFull(cause, this.cache, "the mirror", 1024);
    } finally {
      await writer.close();
    }
  }

  private async copy(writer: ImageWriter): Promise<Published> {
    const { list: file = UPSTREAM_LIST, files, registry, pin = false } = this.args.upstream ?? {};
    const { list, unpinned } = readUpstreamLists(file);
    const published = await copyUpstream(
      {
        list,
        unpinned,
        recorded: readArtifacts(this.layout.artifactsFile),
        resolveAgain: pin,
        downloads: {
          store: join(this.cache, "build", "downloads"),
          log: join(this.logs, "downloads.log"),
          ...(files ? { baseUrl: files } : {}),
        },
        ...(registry ? { registry } : {}),
        note: (text) => this.display.note(text),
      },
      this.layout,
      writer,
    );
    if (pin) await pinImages(file, published.artifacts);
    const kubectl = published.artifacts.find((artifact) => artifact.kind === "file" && artifact.name === "kubectl");
    if (kubectl) await publishProgram(join(this.layout.files, kubectl.path), join(this.layout.bin, "kubectl"));
    return published;
  }
}

function unitsOf({ programs, images }: Release): readonly Unit[] {
  return [programs, ...Object.values(images)];
}
