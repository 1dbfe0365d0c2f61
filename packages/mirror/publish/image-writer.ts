import { join } from "node:path";
import { run } from "../units/command";
import type { MirrorLayout } from "./layout";
import { startRegistry, type RegistryServer } from "./registry-server";

/** The one platform that the mirror serves. */
const PLATFORM = "linux/amd64";

/**
 * Writes images into the mirror's registry storage, through a registry that runs only while images are written.
 * Uses `bin/crane` and `bin/registry` of the mirror.
 */
export class ImageWriter {
  private server: Promise<RegistryServer> | undefined;

  /** @param logDirectory Directory for the output of crane and the registry. */
  constructor(
    private readonly layout: MirrorLayout,
    private readonly logDirectory: string,
  ) {}

  /** Pushes an OCI image layout under its upstream reference. */
  async push(directory: string, reference: string): Promise<void> {
    const { address } = await this.registry();
    await this.crane(`push ${reference}`, ["push", directory, `${address}/${reference}`]);
  }

  /** The digest of a reference in an upstream registry. */
  async resolve(source: string): Promise<string> {
    return (await this.crane(`digest ${source}`, ["digest", "--platform", PLATFORM, source])).trim();
  }

  /** Copies one image by digest, so that no other image can arrive, under its upstream reference. */
  async copy(repository: string, digest: string, reference: string): Promise<void> {
    const { address } = await this.registry();
    const [source, target] = [`${repository}@${digest}`, `${address}/${reference}`];
    await this.crane(`copy ${source}`, ["copy", "--platform", PLATFORM, source, target]);
  }

  /** Stops the registry, if it was started. */
  async close(): Promise<void> {
    await (await this.server)?.stop();
  }

  private registry(): Promise<RegistryServer> {
    this.server ??= startRegistry(join(this.layout.bin, "registry"), this.layout.registry, this.logDirectory);
    return this.server;
  }

  private crane(label: string, args: readonly string[]): Promise<string> {
    return run(join(this.layout.bin, "crane"), args, {
      label: `crane ${label}`,
      log: join(this.logDirectory, "crane.log"),
    });
  }
}
