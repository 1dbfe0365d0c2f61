/** The kubernetes plugin of a site that only exists on paper: compares inputs, writes nothing, and asks no cluster. */
import { version } from "@pulumi/kubernetes/package.json";
import { servePlugin } from "@gitops-platform/stand-ins/protocol/plugin-server";
import { diffProperties } from "@gitops-platform/stand-ins/protocol/property-diff";
import { isMap, type PropertyMap, reveal } from "@gitops-platform/stand-ins/protocol/property-value";
import type * as protocol from "@gitops-platform/stand-ins/protocol/provider-plugin";

/** Paths whose change makes another object. */
const IDENTITY: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata.name", "metadata.namespace"]);

class PretendObjects implements protocol.ProviderPlugin {
  readonly name = "kubernetes";
  readonly version = version;

  async check({ news }: protocol.CheckRequest): Promise<protocol.CheckResult> {
    return { inputs: news };
  }

  async diff({ oldInputs, news }: protocol.DiffRequest): Promise<protocol.DiffResult> {
    const changes = [...diffProperties(oldInputs, news)];
    return { changes: new Map(changes.map(([path, change]) => [path, { ...change, replace: IDENTITY.has(path) }])) };
  }

  async create({ inputs }: protocol.CreateRequest): Promise<protocol.ResourceState> {
    return { id: idOf(inputs), properties: stored(inputs) };
  }

  async update({ news }: protocol.UpdateRequest): Promise<PropertyMap> {
    return stored(news);
  }

  async delete(): Promise<void> {
    // Nothing was made.
  }

  async read(): Promise<never> {
    throw new Error("configured Kubernetes cluster is unreachable: it only exists on paper");
  }
}

/** The state as the official plugin stores it, which compares with `__inputs` when it previews. */
function stored(inputs: PropertyMap): PropertyMap {
  return { ...inputs, __inputs: inputs, __initialApiVersion: inputs["apiVersion"] ?? "", __fieldManager: "pulumi" };
}

function idOf({ metadata }: PropertyMap): string {
  const text = (key: string): string => {
    const value = isMap(metadata) ? reveal(metadata[key] ?? "") : "";
    return typeof value === "string" ? value : "";
  };
  return [text("namespace"), text("name")].filter(Boolean).join("/");
}

void servePlugin(() => new PretendObjects());
