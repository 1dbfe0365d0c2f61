import { entries, fields, type Fields, text } from "../resource";

/** A container of an object, and where it is in it. */
export interface ContainerImage {
  /** `spec.template.spec.containers[0]` */
  readonly path: string;
  readonly image: string;
}

const LISTS = ["containers", "initContainers", "ephemeralContainers"];

/** Every container image of a Kubernetes object, wherever its pods are described: in the entries of lists, too. */
export function containerImages(object: Fields, path = ""): ContainerImage[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const here = path === "" ? key : `${path}.${key}`;
    const listed = entries(value).flatMap((entry, index) => {
      const place = `${here}[${index}]`;
      return [...(LISTS.includes(key) ? imageOf(entry, place) : []), ...within(entry, place)];
    });
    return [...listed, ...within(value, here)];
  });
}

function within(value: unknown, path: string): ContainerImage[] {
  return containerImages(fields(value), path);
}

function imageOf(container: unknown, path: string): ContainerImage[] {
  const image = text(fields(container)["image"]);
  return image === undefined ? [] : [{ path, image }];
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The tag and the digest of `host:5000/repository:tag@sha256:…`, as far as they are there. */
export function parseReference(image: string): { readonly tag?: string; readonly digest?: string } {
  const [name = "", digest] = image.split("@");
  const last = name.slice(name.lastIndexOf("/") + 1);
  const tag = last.split(":")[1];
  return { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** A reference in quotes, for a message. It holds no secret, unless somebody put a login into it. */
export function shownReference(image: string): string {
  return JSON.stringify(image.slice(0, 200).replace(/^(\w+:\/\/)?[^/@]*:[^/@]*@(?!sha256:)/, "$1…@"));
}
