import type { KubernetesObject } from "./kubernetes-object";
import { type Application, type Destination, IN_CLUSTER, IN_CLUSTER_NAME, sourceField } from "./applications";
import type { Environment } from "./environments";
import type { Finding } from "./finding";
import { normalGitUrl } from "./git-url";
import { globMatch, pathMatch } from "./glob";
import { groupOf, isClusterScoped, nameOf } from "./rendered";
import { isUnsure } from "./scopes";

interface ProjectSpec {
  readonly sourceRepos?: readonly string[] | null;
  readonly destinations?: readonly Destination[] | null;
  readonly clusterResourceWhitelist?: readonly ResourceKind[];
  readonly clusterResourceBlacklist?: readonly ResourceKind[];
  readonly namespaceResourceWhitelist?: readonly ResourceKind[];
  readonly namespaceResourceBlacklist?: readonly ResourceKind[];
}

interface ResourceKind {
  readonly group?: string;
  readonly kind?: string;
}

/** What Argo CD would refuse: a source, a destination, a kind or a namespace outside the Application's project. */
export function project({ parts, applications, projects, rootPath }: Environment): Finding[] {
  const specs = new Map(projects.map((object) => [object.metadata.name, specOf(object)]));
  const ofApplications = applications.flatMap((application) => {
    const about = { place: rootPath, object: nameOf(application.object), rule: "project" };
    const spec = specs.get(application.project);
    if (spec) return refusedApplication(application, spec).map((complaint) => ({ ...about, ...complaint }));
    if (application.project === "default") return [];
    const text = `${application.project} doesn't exist in this environment; add the AppProject beside the Application`;
    return [{ ...about, field: "spec.project", text }];
  });
  const ofObjects = parts.flatMap(({ application, objects, place }) => {
    const spec = application && specs.get(application.project);
    if (!spec) return [];
    return objects.flatMap((object) => {
      const text = refusedObject(object, application, spec);
      return text === undefined ? [] : [{ place, object: nameOf(object), rule: "project", text }];
    });
  });
  return [...ofApplications, ...ofObjects];
}

/** A project's lists. What isn't one is for the schema check to report. */
function specOf(object: KubernetesObject): ProjectSpec {
  const entries = Object.entries(object["spec"] ?? {}) as [string, unknown][];
  const isEntry = (item: unknown): boolean => item !== null && item !== undefined;
  return Object.fromEntries(
    entries
      .filter(([, value]) => Array.isArray(value))
      .map(([name, value]) => [name, (value as unknown[]).filter(isEntry)]),
  );
}

function refusedApplication(application: Application, spec: ProjectSpec): Pick<Finding, "field" | "text">[] {
  const { project: name, sources, destination } = application;
  const sourceRepos = spec.sourceRepos ?? [];
  const destinations = spec.destinations ?? [];
  const complaints = sources.flatMap(({ repoURL = "" }, index) => {
    if (isSourcePermitted(sourceRepos, repoURL)) return [];
    const text = `${repoURL} is not among project ${name}'s sourceRepos (${sourceRepos.join(", ")}); correct one of the two`;
    return [{ field: `${sourceField(application, index)}.repoURL`, text }];
  });
  if (isDestinationPermitted(destinations, destination)) return complaints;
  const { namespace = "", server, name: cluster } = destination;
  const text = `project ${name} doesn't allow ${server ?? cluster ?? "no cluster"}, namespace ${namespace}; correct it, or add it to the project's destinations`;
  return [...complaints, { field: "spec.destination", text }];
}

function refusedObject(object: KubernetesObject, application: Application, spec: ProjectSpec): string | undefined {
  const { project: name, destination } = application;
  const isListed = (list: readonly ResourceKind[] = []): boolean =>
    list.some(({ group = "", kind = "" }) => pathMatch(kind, object.kind) && pathMatch(group, groupOf(object)));
  const cluster = isClusterScoped(object);
  // Where it lives isn't known: what either list allows is allowed.
  if (isUnsure(object) && isListed(spec.clusterResourceWhitelist) && !isListed(spec.clusterResourceBlacklist))
    return undefined;
  // Without a list everything in a namespace is allowed, and nothing outside.
  const [white, black] = cluster
    ? [spec.clusterResourceWhitelist ?? [], spec.clusterResourceBlacklist]
    : [spec.namespaceResourceWhitelist, spec.namespaceResourceBlacklist];
  const list = cluster ? "clusterResourceWhitelist" : "namespaceResourceWhitelist";
  if (white !== undefined && !isListed(white))
    return `project ${name} doesn't allow the kind ${object.kind}; Argo CD would refuse the sync: remove the object, or add it to the project's ${list}`;
  if (isListed(black))
    return `project ${name} forbids the kind ${object.kind}; Argo CD would refuse the sync: remove the object, or take it off the project's ${list.replace("White", "Black")}`;
  const { namespace = "" } = object.metadata;
  // The Application's own namespace is judged once, above.
  if (cluster || namespace === destination.namespace) return undefined;
  if (isDestinationPermitted(spec.destinations ?? [], { ...destination, namespace })) return undefined;
  return `project ${name} doesn't reach the namespace ${namespace}; correct the namespace, or add it to the project's destinations`;
}

/** A pattern that starts with `!` refuses what it matches, wherever it stands in the list. */
function isSourcePermitted(patterns: readonly string[], url: string): boolean {
  const value = normalGitUrl(url);
  const results = patterns.map((pattern) => {
    const denies = pattern.startsWith("!");
    const matches = matchesPattern(normalGitUrl(denies ? pattern.slice(1) : pattern), value, "/");
    return { denies, permits: denies ? !matches : matches };
  });
  return results.some(({ permits }) => permits) && results.every(({ denies, permits }) => permits || !denies);
}

function isDestinationPermitted(items: readonly Destination[], destination: Destination): boolean {
  const own = destination.name === IN_CLUSTER_NAME && !destination.server;
  const address = own ? IN_CLUSTER : destination.server;
  let permitted = false;
  for (const item of items) {
    // The address of another cluster that goes by its name isn't known here: no pattern refuses it.
    const server = address ? matches(item.server, address) : Boolean(destination.name && item.server);
    const name = Boolean(destination.name) && matches(item.name, destination.name);
    const namespace = matches(item.namespace, destination.namespace);
    if ((server || name) && namespace) permitted = true;
    else if ((!name && denies(item.name)) || (!server && denies(item.server)) || (!namespace && denies(item.namespace)))
      return false;
  }
  return permitted;
}

function denies(pattern = ""): boolean {
  return pattern.startsWith("!");
}

function matches(pattern = "", value = ""): boolean {
  return denies(pattern) ? !matchesPattern(pattern.slice(1), value) : matchesPattern(pattern, value);
}

function matchesPattern(pattern: string, value: string, separator?: string): boolean {
  return pattern === "*" || globMatch(pattern, value, separator);
}
