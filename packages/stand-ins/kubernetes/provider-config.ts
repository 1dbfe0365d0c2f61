import { parse } from "yaml";
import type { DiffResult, PropertyChange } from "../protocol/provider-plugin";
import { isMap, type Json, type PropertyMap, reveal, sameValue, Unknown } from "../protocol/property-value";
import { text } from "./kube-object";

/** The provider's own config, parsed. Flags are as in the official plugin, and so are their defaults. */
export interface ProviderConfig {
  /** Contents of a kubeconfig, or the path of one; `undefined` means the operator's own. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly cluster: string | undefined;
  /** Namespace of objects that name none. */
  readonly namespace: string | undefined;
  readonly deleteUnreachable: boolean;
  readonly skipUpdateUnreachable: boolean;
  readonly enableConfigMapMutable: boolean;
  readonly enableSecretMutable: boolean;
  readonly enablePatchForce: boolean;
  readonly upsertExistingObjects: boolean;
}

/** Parses the provider's inputs. Settings outside the covered subset are refused by name. */
export function parseProviderConfig(inputs: PropertyMap): ProviderConfig {
  const plain = reveal(inputs) as PropertyMap;
  if (!flag(plain, "enableServerSideApply", "ENABLE_SERVER_SIDE_APPLY", true))
    throw unsupported("enableServerSideApply", "true");
  if (plain.renderYamlToDirectory !== undefined) throw unsupported("renderYamlToDirectory", "none");
  return {
    kubeconfig: text(plain, "kubeconfig") || undefined,
    context: text(plain, "context") || undefined,
    cluster: text(plain, "cluster") || undefined,
    namespace: text(plain, "namespace") || undefined,
    deleteUnreachable: flag(plain, "deleteUnreachable", "DELETE_UNREACHABLE"),
    skipUpdateUnreachable: flag(plain, "skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
    enableConfigMapMutable: flag(plain, "enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
    enableSecretMutable: flag(plain, "enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
    enablePatchForce: flag(plain, "enablePatchForce", "ENABLE_PATCH_FORCE"),
    upsertExistingObjects: flag(plain, "upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
  };
}

/**
 * Compares provider config: a changed `clusterIdentifier` means another cluster, so everything in it is replaced. With the
 * same identifier nothing is, whatever else changed. Without one, an unknown kubeconfig or another active cluster replaces.
 */
export function diffProviderConfig(olds: PropertyMap, news: PropertyMap): DiffResult {
  const changes = new Map<string, PropertyChange>();
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    if (!sameValue(olds[key], news[key])) changes.set(key, { kind: changeKind(olds[key], news[key]) });
  }
  const [oldCluster, newCluster] = [olds.clusterIdentifier, news.clusterIdentifier];
  if (oldCluster !== undefined && newCluster !== undefined) {
    if (!sameValue(oldCluster, newCluster)) changes.set("clusterIdentifier", { kind: "update", replace: true });
    return { changes };
  }
  for (const key of ["kubeconfig", "context", "cluster"]) {
    if (!changes.has(key)) continue;
    const replace = news[key] instanceof Unknown || !sameValue(activeCluster(olds), activeCluster(news));
    changes.set(key, { kind: changeKind(olds[key], news[key]), replace });
  }
  return { changes };
}

/** The cluster entry that the kubeconfig selects; `null` when it can't be told. */
function activeCluster(config: PropertyMap): Json {
  const contents = text(config, "kubeconfig");
  if (contents === undefined) return null;
  try {
    const parsed = parse(contents) as Json;
    if (!isMap(parsed)) return null;
    const wanted = text(config, "context") ?? text(parsed, "current-context");
    const context = named(parsed.contexts, wanted);
    const cluster = text(config, "cluster") ?? text(context, "context", "cluster");
    return named(parsed.clusters, cluster);
  } catch {
    return null; // not parseable, so a path or broken: connecting will say which
  }
}

function named(entries: Json | undefined, name: string | undefined): Json {
  return (Array.isArray(entries) ? entries : []).find((entry) => text(entry, "name") === name) ?? null;
}

function changeKind(before: unknown, after: unknown): PropertyChange["kind"] {
  if (before === undefined) return "add";
  return after === undefined ? "delete" : "update";
}

/** A switch: the SDK sends it as JSON text; left out, the environment variable `PULUMI_K8S_<name>` decides. */
function flag(inputs: PropertyMap, key: string, name: string, fallback = false): boolean {
  const value = inputs[key] ?? process.env[`PULUMI_K8S_${name}`] ?? "";
  return value === "" ? fallback : value === true || value === "true";
}

function unsupported(key: string, need: string): Error {
  return new Error(
    `kubernetes provider ${key} — not covered by this air-gapped stand-in (need ${need}); use the official plugin, or leave it out`,
  );
}
