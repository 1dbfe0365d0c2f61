/** The kubernetes plugin of a site that only exists on paper: compares like packages/stand-ins/kubernetes, writes nothing. */
import { KubernetesPlugin } from "@gitops-platform/stand-ins/kubernetes/plugin";
import { servePlugin } from "@gitops-platform/stand-ins/protocol/plugin-server";
import { isMap, type PropertyMap, reveal } from "@gitops-platform/stand-ins/protocol/property-value";
import type * as protocol from "@gitops-platform/stand-ins/protocol/provider-plugin";

class PretendObjects extends KubernetesPlugin {
  override async create(request: protocol.CreateRequest): Promise<protocol.ResourceState> {
    if (request.preview) return super.create(request);
    return { id: idOf(request.inputs), properties: request.inputs };
  }

  override async update(request: protocol.UpdateRequest): Promise<PropertyMap> {
    return request.preview ? super.update(request) : request.news;
  }

  override async delete(): Promise<void> {
    // Nothing was made.
  }
}

function idOf({ metadata }: PropertyMap): string {
  const text = (key: string): string => {
    const value = isMap(metadata) ? reveal(metadata[key] ?? "") : "";
    return typeof value === "string" ? value : "";
  };
  return [text("namespace"), text("name")].filter(Boolean).join("/");
}

void servePlugin((log) => new PretendObjects(log));
