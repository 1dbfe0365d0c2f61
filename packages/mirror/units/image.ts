import { createHash } from "node:crypto";
import { chmod, chown, copyFile, cp, link, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LAYER_COMPRESSION, LAYER_FILE, packLayer, readLayer, type Layer } from "./layer";
import { SOURCE_DATE_EPOCH } from "./debian-root";
import { unitKey, type BuildContext, type Unit } from "./unit";

/** The start of a container of the image; a pod may override it. */
interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A directory of the image that must exist, with its owner: `uid:gid`, `0:0` by default, and mode, `755` by default. */
interface ImageDirectory {
  readonly owner?: readonly [uid: number, gid: number];
  readonly mode?: number;
}

export interface ImageArgs {
  /** Artifact name: `kube-proxy`. */
  readonly name: string;
  /** Units with a layer, lowest first. */
  readonly layers: readonly Unit[];
  /** Path in the image → a file or directory in a unit's output. */
  readonly files?: Readonly<Record<string, { readonly unit: Unit; readonly output: string }>>;
  /** Path in the image → target of the symbolic link. */
  readonly links?: Readonly<Record<string, string>>;
  /** Path in the image → text of a file. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly directories?: Readonly<Record<string, ImageDirectory>>;
  readonly config: ImageConfig;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The unit of one container image: an OCI image layout in `layout/` and its manifest's digest in `digest`.
 * Made without a container engine, from files and layers of other units; the same inputs give the same digest.
 */
export function image(args: ImageArgs): Unit {
  const files = Object.entries(args.files ?? {});
  return {
    name: `image-${args.name}`,
    inputs: [
      JSON.stringify([args.links, args.texts, args.directories, args.config, LAYER_COMPRESSION, SOURCE_DATE_EPOCH]),
      ...files.map(([path, { unit, output }]) => `${path} ${unitKey(unit)} ${output}`),
    ],
    needs: [...args.layers, ...new Set(files.map(([, { unit }]) => unit))],
    seconds: 5,
    diskMiB: 150,
    build: (directory, context) => buildImage(args, directory, context),
  };
}

async function buildImage(args: ImageArgs, directory: string, context: BuildContext): Promise<void> {
  const tree = join(context.scratch, "tree");
  await stage(args, tree, context);
  const blobs = join(directory, "layout", "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers: Layer[] = [];
  for (const unit of args.layers) layers.push(await addLayer(context.output(unit), blobs));
  await packLayer(tree, context.scratch, `image-${args.name}`, context);
  layers.push(await addLayer(context.scratch, blobs));
  await rm(tree, { recursive: true });
  const config = await addJson(blobs, imageConfig(args.config, layers), "application/vnd.oci.image.config.v1+json");
  const manifest = await addJson(
    blobs,
    {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    },
    "application/vnd.oci.image.manifest.v1+json",
  );
  await writeFile(join(directory, "layout", "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  await writeFile(join(directory, "layout", "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(directory, "digest"), manifest.digest);
}

/** Lays out the image's own files. Modes are set: inherited ones would depend on the umask of a clone. */
async function stage(args: ImageArgs, tree: string, context: BuildContext): Promise<void> {
  await mkdir(tree, { mode: 0o755 });
  const place = async (path: string): Promise<string> => {
    const target = join(tree, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    return target;
  };
  for (const [path, { owner, mode }] of Object.entries(args.directories ?? {})) {
    const target = await place(path);
    await mkdir(target, { recursive: true });
    await chmod(target, mode ?? 0o755);
    if (owner) await chown(target, ...owner);
  }
  for (const [path, { unit, output }] of Object.entries(args.files ?? {})) {
    const [source, target] = [join(context.output(unit), output), await place(path)];
    if ((await stat(source)).isDirectory()) await cp(source, target, { recursive: true });
    else {
      await copyFile(source, target);
      await chmod(target, path.endsWith(".crt") ? 0o644 : 0o755);
    }
  }
  for (const [path, text] of Object.entries(args.texts ?? {}))
    await writeFile(await place(path), text, { mode: 0o644 });
  for (const [path, to] of Object.entries(args.links ?? {})) await symlink(to, await place(path));
}

async function addLayer(from: string, blobs: string): Promise<Layer> {
  const layer = await readLayer(from);
  await link(join(from, LAYER_FILE), join(blobs, layer.digest.slice("sha256:".length)));
  return layer;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function addJson(blobs: string, value: unknown, mediaType: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

function imageConfig(config: ImageConfig, layers: readonly Layer[]): unknown {
  return {
    created: new Date(Number(SOURCE_DATE_EPOCH) * 1000).toISOString(),
    architecture: "amd64",
    os: "linux",
    config: {
      Env: Object.entries({ PATH, ...config.env }).map(([name, value]) => `${name}=${value}`),
      ...(config.entrypoint ? { Entrypoint: config.entrypoint } : {}),
      ...(config.user ? { User: config.user } : {}),
      ...(config.workingDirectory ? { WorkingDir: config.workingDirectory } : {}),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
}
