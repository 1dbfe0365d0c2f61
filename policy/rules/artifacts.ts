import { entries, fields, type Resource, text } from "../resource";
import type { ResourceRule } from "../rule";
import { containerImages, DIGEST, parseReference } from "./image-reference";
import { exportedVariables } from "./step-input";

/** Objects of the API; the packages of @pulumi/kubernetes that install charts have types of their own. */
const isObject = ({ type }: Resource): boolean => type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm");

export const pinnedImages: ResourceRule = {
  name: "pinned-images",
  description: "Every container image is pinned by its digest.",
  enforcement: "mandatory",
  comply:
    "name the image in the artifact list (npm run mirror) and pass the objects through pinImages, which adds the digest",
  resource: (resource) => {
    if (!isObject(resource)) return [];
    return containerImages(resource.values)
      .filter(({ image }) => !DIGEST.test(parseReference(image).digest ?? ""))
      .map(({ path, image }) => `${path}.image is ${shownImage(image)} (need …@sha256:…): a tag can be moved`);
  },
};

const SHA256 = /^[0-9a-f]{64}$/;

/** What a step's environment lists for download, by the name of the variable: scripts/remote/lib/{downloads,images}.sh. */
const LISTS: Readonly<Record<string, { readonly columns: string; readonly pin: RegExp }>> = {
  FILES: { columns: "name url sha256", pin: SHA256 },
  IMAGES: { columns: "reference digest", pin: DIGEST },
  PREFETCH_IMAGES: { columns: "reference digest", pin: DIGEST },
};

export const pinnedDownloads: ResourceRule = {
  name: "pinned-downloads",
  description: "Machines download nothing that isn't pinned by checksum or digest.",
  enforcement: "mandatory",
  comply: "take it from the artifact list (nodeDownloads), which has a sha256 or digest for each",
  resource: (resource) => {
    const input = resource.type === "command:remote:Command" ? text(resource.values["stdin"]) : undefined;
    if (input === undefined) return [];
    const variables = exportedVariables(input);
    return [...variables].flatMap(([variable, value]) => {
      if (variable === "IMAGE_LOCATION") return unpinnedImage(value, variables.get("IMAGE_CHECKSUM"));
      const list = LISTS[variable];
      if (!list) return [];
      const lines = value.split("\n").filter((line) => line.trim() !== "");
      return lines
        .filter((line) => !list.pin.test(line.trim().split(/\s+/).at(-1) ?? ""))
        .map(
          (line) =>
            `${variable} lists ${shownImage(line.trim().split(/\s+/)[0] ?? "")} without a pin (need "${list.columns}")`,
        );
    });
  },
};

/** The image that guests start from; a path on the hypervisor is checked there as well. */
function unpinnedImage(location: string, checksum: string | undefined): string[] {
  if (/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(checksum ?? "")) return [];
  return [`IMAGE_LOCATION is ${shownImage(location)} without a pin (need IMAGE_CHECKSUM, sha256:… or sha512:…)`];
}

const EXACT = /^v?\d+\.\d+\.\d+([-+][\w.+-]+)?$/;

export const fixedVersions: ResourceRule = {
  name: "fixed-versions",
  description: "No version floats: no latest, no missing tag, no range.",
  enforcement: "mandatory",
  comply: "write the exact version, as in 1.2.3, and change it in a commit",
  resource: (resource) => {
    if (isObject(resource)) return [...floatingImages(resource), ...floatingCharts(resource)];
    if (!resource.type.startsWith("kubernetes:helm")) return [];
    return floating("version", resource.values["version"]);
  },
};

function floatingImages({ values }: Resource): string[] {
  return containerImages(values).flatMap(({ path, image }) => {
    const { tag, digest } = parseReference(image);
    if (tag === "latest") return [`${path}.image has the tag latest (need a version)`];
    return tag === undefined && digest === undefined ? [`${path}.image has neither tag nor digest`] : [];
  });
}

/** An Application follows a branch of Git by design; a chart out of a chart repository has a version like any artifact. */
function floatingCharts({ type, values }: Resource): string[] {
  if (!type.endsWith(":Application")) return [];
  const spec = fields(values["spec"]);
  const sources: readonly (readonly [path: string, source: unknown])[] = [
    ["spec.source", spec["source"]],
    ...entries(spec["sources"]).map((source, index) => [`spec.sources[${index}]`, source] as const),
  ];
  return sources
    .filter(([, source]) => fields(source)["chart"] !== undefined)
    .flatMap(([path, source]) => floating(`${path}.targetRevision`, fields(source)["targetRevision"]));
}

function floating(key: string, value: unknown): string[] {
  if (value === undefined || value === "") return [`${key} is missing: the newest chart would be taken`];
  const version = text(value);
  return version === undefined || EXACT.test(version)
    ? []
    : [`${key} is ${shownImage(version)} (need an exact version)`];
}

/** A reference holds no secret, unless somebody put a login into it. */
function shownImage(image: string): string {
  return JSON.stringify(image.slice(0, 200).replace(/^(\w+:\/\/)?[^/@]*:[^/@]*@(?!sha256:)/, "$1…@"));
}
