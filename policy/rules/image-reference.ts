import { entries, fields, type Fields, text } from "../resource";

/** A container of an object, and where it is in it. */
export interface ContainerImage {
  /** `spec.template.spec.containers[0]` */
  readonly path: string;
  readonly image: string;
}

const LISTS = ["containers", "initContainers", "ephemeralContainers"];

/** Every container image of a Kubernetes object, wherever its pods are described. */
export function containerImages(object: Fields, path = ""): ContainerImage[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const here = path === "" ? key : `${path}.${key}`;
    if (LISTS.includes(key))
      return entries(value).flatMap((container, index) => imageOf(container, `${here}[${index}]`));
    return containerImages(fields(value), here);
  });
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
