import { createHash } from "node:crypto";
import { chmod, copyFile, link, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { installStandIns, standIns, standInsKey } from "@gitops-platform/stand-ins/bundle";
import { buildAlone, componentDirectory } from "../units/alone";
import { PULUMI_COMPONENTS } from "./components";
import type { Log, PulumiVersions } from "./official";

const { cli, languageHost, kubernetesPlugin } = PULUMI_COMPONENTS;

/** Hash of everything that decides what `installSealed` installs. */
export async function sealedKey(versions: PulumiVersions, cache: string): Promise<string> {
  const components = Object.values(PULUMI_COMPONENTS).map((component) => componentDirectory(component, cache));
  const parts = [versions, await standInsKey(), await Promise.all(components)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * Fills a Pulumi home without Pulumi's release server. The command line program, the Node.js language host and the
 * kubernetes plugin are built from their Go modules; stand-ins take the place of the other plugins.
 */
export async function installSealed(home: string, versions: PulumiVersions, cache: string, log: Log): Promise<void> {
  const programs = join(home, "versions", versions.cli, "bin");
  await mkdir(programs, { recursive: true });
  for (const component of [cli, languageHost]) {
    const built = await buildAlone(component, cache, log, log);
    const files = [
      ...Object.keys(component.programs),
      ...Object.keys("moduleFiles" in component ? component.moduleFiles : {}),
    ];
    for (const file of files) await place(join(built, file), join(programs, file));
  }
  await installKubernetesPlugin(home, await buildAlone(kubernetesPlugin, cache, log, log));
  log("bundling the stand-in plugins");
  await installStandIns(home, await standIns());
}

/** Puts the built plugin where the engine looks. One that is there already is replaced as a whole. */
async function installKubernetesPlugin(home: string, built: string): Promise<void> {
  const plugins = join(home, "plugins");
  const target = join(plugins, `resource-kubernetes-v${kubernetesPlugin.version}`);
  // The leading dot keeps the engine from taking the half-made directory for a plugin.
  const draft = join(plugins, `.kubernetes-${process.pid}`);
  try {
    await mkdir(draft, { recursive: true });
    for (const file of Object.keys(kubernetesPlugin.programs)) await place(join(built, file), join(draft, file));
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    // Left by an interrupted download of the official plugin, it would make the engine overlook this one.
    await rm(`${target}.partial`, { force: true });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Puts a program in place: as a hard link, so that it takes no space twice, or copied from another file system. */
async function place(program: string, target: string): Promise<void> {
  await rm(target, { force: true });
  try {
    await link(program, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await copyFile(program, target);
  }
  await chmod(target, 0o755);
}
