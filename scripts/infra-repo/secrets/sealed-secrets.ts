import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import type { Environment } from "../manifests/environments";
import type { FileDocument } from "../manifests/files";
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
    readonly index: number;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** Every sealed value of an environment. */
export function sealedValues(environment: Environment, documents: readonly FileDocument[]): SealedValue[] {
  const files = writtenValues(documents);
  return environment.parts.flatMap(({ place, objects }) =>
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
      .filter(({ content }) => content["kind"] === "SealedSecret")
      .flatMap(({ file, index, content }) => {
        const { namespace, name } = (content["metadata"] ?? {}) as { namespace?: string; name?: string };
        const written = { file, index, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
        return encryptedData(content).map(([, value]) => [value, written] as const);
      }),
  );
}

function encryptedData(object: Readonly<Record<string, unknown>>): [string, string][] {
  const { encryptedData: data = {} } = (object["spec"] ?? {}) as { encryptedData?: Record<string, string> };
  return Object.entries(data);
}

function identityOf({ metadata }: KubernetesObject): Identity {
  const { annotations = {} } = metadata as { annotations?: Record<string, string> };
  const scopes: readonly Scope[] = ["cluster-wide", "namespace-wide"];
  const scope = scopes.find((name) => annotations[`sealedsecrets.bitnami.com/${name}`] === "true") ?? "strict";
  return { namespace: metadata.namespace ?? "default", name: metadata.name, scope };
}
