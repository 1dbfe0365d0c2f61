import { entries, fields, type Resource, text } from "../resource";
import type { ResourceRule } from "../rule";
import { containerImages, DIGEST, parseReference, shownReference } from "./image-reference";

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
      .map(({ path, image }) => `${path}.image is ${shownReference(image)} (need …@sha256:…): a tag can be moved`);
  },
};

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
    : [`${key} is ${shownReference(version)} (need an exact version)`];
}
