import { existsSync, readFileSync } from "node:fs";
import { chmod, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The mirror's directories and files, for the hub and `npm start`. */
export class MirrorLayout {
  /** `CACHE/mirror`. */
  readonly root: string;
  /** Files by upstream host and path; a web server's document root. */
  readonly files: string;
  /** Storage of the distribution registry; repositories are `<upstream host>/<repository>`. */
  readonly registry: string;
  readonly bin: string;
  readonly machine: string;
  /** Like {@link machine}, for a hypervisor; on request only. */
  readonly hypervisor: string;
  /** The {@link ArtifactList}. */
  readonly artifactsFile: string;

  constructor(cache: string) {
    this.root = join(cache, "mirror");
    this.files = join(this.root, "files");
    this.registry = join(this.root, "registry");
    this.bin = join(this.root, "bin");
    this.machine = join(this.root, "machine");
    this.hypervisor = join(this.root, "hypervisor");
    this.artifactsFile = join(this.root, "artifacts.json");
  }

  /** The digest of a reference in the registry's storage; needs no running registry. */
  storedDigest(reference: string): string | undefined {
    const { repository, tag } = splitReference(reference);
    const repositories = join(this.registry, "docker", "registry", "v2", "repositories");
    const file = join(repositories, repository, "_manifests", "tags", tag, "current", "link");
    return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  }
}

/** `registry.k8s.io/pause:3.9` → repository `registry.k8s.io/pause`, tag `3.9`. */
export function splitReference(reference: string): { repository: string; tag: string } {
  const colon = reference.lastIndexOf(":");
  if (colon <= reference.lastIndexOf("/")) throw new Error(`${reference} has no tag`);
  return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** Whether two paths are the same file on disk. */
async function sameFile(one: string, other: string): Promise<boolean> {
  if (!existsSync(one) || !existsSync(other)) return false;
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  return a.ino === b.ino && a.dev === b.dev;
}

/** Links a built file into the mirror, in one step. @returns whether anything changed */
export async function publishFile(source: string, target: string): Promise<boolean> {
  if (await sameFile(source, target)) return false;
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.new`;
  await rm(temporary, { force: true });
  await link(source, temporary);
  await rename(temporary, target);
  return true;
}

/** {@link publishFile} for a download that runs on this computer. */
export async function publishProgram(source: string, target: string): Promise<boolean> {
  await chmod(source, 0o755);
  return publishFile(source, target);
}
