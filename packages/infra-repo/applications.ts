import { existsSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import type { KubernetesObject } from "./kubernetes-object";
import { repositoryOf } from "./git-url";
import type { Source } from "./source";

/** What an Application says about where its manifests come from and go to. */
export interface Application {
  readonly object: KubernetesObject;
  readonly name: string;
  readonly project: string;
  readonly sources: readonly Source[];
  readonly destination: Destination;
}

export interface Destination {
  readonly server?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** The cluster that Argo CD runs in, by its address and its name. */
export const IN_CLUSTER = "https://kubernetes.default.svc";
export const IN_CLUSTER_NAME = "in-cluster";

/** Where an Application goes: undefined for the cluster that Argo CD runs in. */
export function otherCluster({ server, name }: Destination): string | undefined {
  if (server !== undefined && server !== "") return server === IN_CLUSTER ? undefined : server;
  return name === undefined || name === IN_CLUSTER_NAME ? undefined : name;
}

export function isArgoCd({ apiVersion, kind }: KubernetesObject, name: string): boolean {
  return kind === name && apiVersion.startsWith("argoproj.io/");
}

/** Reads an Application; what its form is wrong in is for the schema check. */
export function readApplication(object: KubernetesObject): Application {
  const { project, source, sources, destination } = (object["spec"] ?? {}) as ApplicationSpec;
  const all = (Array.isArray(sources) && sources.length > 0 ? sources : [source]).filter(isSource);
  return {
    ...{ object, name: object.metadata.name, sources: all },
    ...{ project: project ?? "default", destination: destination ?? {} },
  };
}

interface ApplicationSpec {
  readonly project?: string | null;
  readonly source?: unknown;
  readonly sources?: unknown;
  readonly destination?: Destination | null;
}

function isSource(source: unknown): source is Source {
  if (typeof source !== "object" || source === null) return false;
  return ["repoURL", "path", "chart", "targetRevision"].every((field) =>
    ["string", "undefined"].includes(typeof (source as Record<string, unknown>)[field]),
  );
}

/** The field that holds a source: `spec.source`, or `spec.sources[1]`. */
export function sourceField({ object }: Application, index: number): string {
  const { sources } = (object["spec"] ?? {}) as ApplicationSpec;
  return Array.isArray(sources) && sources.length > 0 ? `spec.sources[${index}]` : "spec.source";
}

/** The addresses that a clone knows its own repository by. */
export function remotesOf(repository: string): string[] {
  if (!existsSync(join(repository, ".git"))) return [];
  const { exitCode, stdout } = execaSync("git", ["config", "--get-regexp", String.raw`^remote\..*\.url$`], {
    cwd: repository,
    reject: false,
  });
  return exitCode === 0 ? stdout.split("\n").map((line) => line.slice(line.indexOf(" ") + 1)) : [];
}

/**
 * Which repository the folder is, by what Applications name: one that the clone or the stack knows, else the one that
 * most of them name with a path that is here.
 */
export function ownRepository(
  sources: readonly Source[],
  repository: string,
  known: readonly string[],
): string | undefined {
  const votes = new Map<string, number>();
  for (const { repoURL = "", chart, path } of sources) {
    if (repoURL === "" || chart !== undefined) continue;
    const url = repositoryOf(repoURL);
    if (known.map(repositoryOf).includes(url)) return url;
    if (path !== undefined && existsSync(join(repository, path))) votes.set(url, (votes.get(url) ?? 0) + 1);
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
}
