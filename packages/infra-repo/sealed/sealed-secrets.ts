import type { KubernetesObject } from "../kubernetes-object";
import { otherCluster } from "../applications";
import type { Environment } from "../environments";
import type { FileDocument } from "../files";
import { itemsOf } from "../kubectl-yaml";
import type { Identity, Scope } from "./kubeseal";

/** One sealed value, as the cluster gets it and as it is written. */
export interface SealedValue {
  /** What it is rendered as: it opens only under this. */
  readonly identity: Identity;
  readonly key: string;
  readonly value: string;
  /** What it was rendered from: `apps/store/overlays/staging`. */
  readonly place: string;
  /** Where it is written; undefined for what no file holds literally. */
  readonly written?: {
    readonly file: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** Every sealed value that an environment applies to the stack's own cluster. */
export function sealedValues({ parts }: Pick<Environment, "parts">, documents: readonly FileDocument[]): SealedValue[] {
  const files = writtenValues(documents);
  const own = parts.filter(({ application }) => !application || otherCluster(application.destination) === undefined);
  return own.flatMap(({ place, objects }) =>
    objects
      .filter(({ kind }) => kind === "SealedSecret")
      .flatMap((object) =>
        encryptedData(object).map(([key, value]) => {
          const written = files.get(value);
          return { identity: identityOf(object), key, value, place, ...(written ? { written } : {}) };
        }),
      ),
  );
}

/** Where each sealed value is written: two of them are never alike, so the value itself tells. */
function writtenValues(documents: readonly FileDocument[]): ReadonlyMap<string, NonNullable<SealedValue["written"]>> {
  return new Map(
    documents
      .flatMap(({ file, content }) => itemsOf(content).map((object) => ({ file, object })))
      .filter(({ object }) => object.kind === "SealedSecret")
      .flatMap(({ file, object }) => {
        const { namespace, name } = object.metadata;
        const written = { file, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
        return encryptedData(object).map(([, value]) => [value, written] as const);
      }),
  );
}

function encryptedData(object: Readonly<Record<string, unknown>>): [string, string][] {
  const { encryptedData: data } = (object["spec"] ?? {}) as { encryptedData?: Record<string, unknown> | null };
  return Object.entries(data ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
}

function identityOf({ metadata }: KubernetesObject): Identity {
  return { namespace: metadata.namespace || "default", name: metadata.name, scope: scopeOf(metadata.annotations) };
}

/** The scope that a SealedSecret's annotations name. */
export function scopeOf(annotations: Readonly<Record<string, unknown>> = {}): Scope {
  const scopes: readonly Scope[] = ["cluster-wide", "namespace-wide"];
  return scopes.find((name) => String(annotations[`sealedsecrets.bitnami.com/${name}`]) === "true") ?? "strict";
}
