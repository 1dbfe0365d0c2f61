import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import type { Environment, Part } from "./environments";
import type { Finding } from "./finding";
import { containersOf, groupOf, isClusterScoped, nameOf, podOf } from "./rendered";

/** A rule about what the parts of an environment are to each other. */
type EnvironmentRule = (environment: Environment) => Finding[];

/** Namespaces that exist without the repository. */
const GIVEN = ["argocd", "default", "kube-system", "kube-public", "kube-node-lease"];

interface ProjectSpec {
  readonly sourceRepos?: readonly string[];
  readonly destinations?: readonly { readonly namespace?: string; readonly server?: string }[];
  readonly clusterResourceWhitelist?: readonly ResourceKind[];
  readonly clusterResourceBlacklist?: readonly ResourceKind[];
  readonly namespaceResourceWhitelist?: readonly ResourceKind[];
  readonly namespaceResourceBlacklist?: readonly ResourceKind[];
}

interface ResourceKind {
  readonly group: string;
  readonly kind: string;
}

/** What Argo CD would refuse: a kind, a namespace or a source outside the Application's project. */
const project: EnvironmentRule = ({ parts, applications, projects, rootPath }) => {
  const specs = new Map(projects.map((object) => [object.metadata.name, (object["spec"] ?? {}) as ProjectSpec]));
  const missing = applications
    .filter((application) => application.project !== "default" && !specs.has(application.project))
    .map((application) => ({
      ...about(rootPath, application.object),
      rule: "project",
      field: "spec.project",
      text: `${application.project} doesn't exist in this environment; add the AppProject beside the Application`,
    }));
  const sources = applications.flatMap((application) => {
    const allowed = specs.get(application.project)?.sourceRepos;
    const { repoURL = "" } = application.source;
    if (!allowed || allowed.some((pattern) => matches(pattern, repoURL))) return [];
    const text = `${repoURL} is not among project ${application.project}'s sourceRepos (${allowed.join(", ")}); correct one of the two`;
    return [{ ...about(rootPath, application.object), rule: "project", field: "spec.source.repoURL", text }];
  });
  const objects = parts.flatMap((part) => {
    const name = part.application?.project;
    const spec = name === undefined ? undefined : specs.get(name);
    if (name === undefined || !spec) return [];
    return part.objects.flatMap((object) => {
      const text = refusal(object, name, spec);
      return text === undefined ? [] : [{ ...about(part.place, object), rule: "project", text }];
    });
  });
  return [...missing, ...sources, ...objects];
};

/** Why a project refuses an object, if it does. Without a list everything in a namespace is allowed, and nothing else. */
function refusal(object: KubernetesObject, name: string, spec: ProjectSpec): string | undefined {
  const isListed = (list: readonly ResourceKind[] | undefined): boolean =>
    (list ?? []).some(({ group, kind }) => matches(group, groupOf(object)) && matches(kind, object.kind));
  const cluster = isClusterScoped(object);
  const [white, black] = cluster
    ? [spec.clusterResourceWhitelist ?? [], spec.clusterResourceBlacklist]
    : [spec.namespaceResourceWhitelist, spec.namespaceResourceBlacklist];
  const list = cluster ? "clusterResourceWhitelist" : "namespaceResourceWhitelist";
  if ((white !== undefined && !isListed(white)) || isListed(black))
    return `project ${name} doesn't allow the kind ${object.kind}; Argo CD would refuse the sync: remove the object, or add it to the project's ${list}`;
  const { namespace = "" } = object.metadata;
  if (cluster || (spec.destinations ?? []).some((destination) => matches(destination.namespace ?? "", namespace)))
    return undefined;
  return `project ${name} doesn't reach the namespace ${namespace}; correct the namespace, or add it to the project's destinations`;
}

/** Argo CD's patterns: `*` stands for anything. */
function matches(pattern: string, value: string): boolean {
  const expression = pattern.split("*").map((text) => text.replaceAll(/[.+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${expression.join(".*")}$`).test(value);
}

/** Two Applications with the same object take it from each other for good. */
const oneOwner: EnvironmentRule = ({ parts }) => {
  const owners = new Map<string, Part>();
  return parts.flatMap((part) =>
    part.objects.flatMap((object) => {
      const id = `${groupOf(object)} ${nameOf(object)}`;
      const owner = owners.get(id);
      if (!owner) owners.set(id, part);
      if (!owner || owner === part) return [];
      const text = `is in ${owner.place}, too, and two Applications would take it from each other; keep one`;
      return [{ ...about(part.place, object), rule: "one-owner", text }];
    }),
  );
};

/** A namespace that nobody declares has no Pod Security level, and the first sync fails for want of it. */
const namespaces: EnvironmentRule = ({ parts, applications, name }) => {
  const created = applications
    .filter(({ object }) => JSON.stringify(object).includes("CreateNamespace=true"))
    .map(({ destination }) => destination.namespace);
  const declared = new Set([
    ...GIVEN,
    ...created,
    ...parts.flatMap(({ objects }) =>
      objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
    ),
  ]);
  return parts.flatMap((part) => {
    const missing = part.objects.filter(
      (object) => !isClusterScoped(object) && !declared.has(object.metadata.namespace ?? ""),
    );
    const [first] = missing;
    if (!first) return [];
    const text = `nothing in ${name} declares the namespace ${first.metadata.namespace ?? ""}; add it with its Pod Security label`;
    return [{ ...about(part.place, first), rule: "namespace", field: "metadata.namespace", text }];
  });
};

/** A pod that no policy selects talks to everything in the cluster. */
const defaultDeny: EnvironmentRule = ({ parts }) => {
  const denied = new Set(
    parts.flatMap(({ objects }) => objects.filter(deniesAll).map(({ metadata }) => metadata.namespace)),
  );
  return parts.flatMap((part) => {
    const running = part.objects.filter((object) => podOf(object) !== undefined);
    const open = new Set(
      running.map(({ metadata }) => metadata.namespace).filter((namespace) => !denied.has(namespace)),
    );
    return [...open].map((namespace) => ({
      rule: "default-deny",
      place: part.place,
      object: `Namespace ${namespace ?? ""}`,
      text: "has pods and no NetworkPolicy that denies by default; add one with podSelector: {} and both policyTypes",
    }));
  });
};

function deniesAll(object: KubernetesObject): boolean {
  if (object.kind !== "NetworkPolicy") return false;
  const { podSelector, policyTypes, ingress, egress } = (object["spec"] ?? {}) as {
    podSelector?: object;
    policyTypes?: readonly string[];
    ingress?: readonly unknown[];
    egress?: readonly unknown[];
  };
  const everyPod = podSelector !== undefined && Object.keys(podSelector).length === 0;
  const both = ["Ingress", "Egress"].every((type) => policyTypes?.includes(type));
  return everyPod && both && (ingress ?? []).length === 0 && (egress ?? []).length === 0;
}

/** What a chart brings isn't rendered here, so at least it has to be the same tomorrow. */
const pinnedSource: EnvironmentRule = ({ applications, rootPath }) =>
  applications.flatMap(({ object, path, source: { chart, targetRevision = "HEAD" } }) => {
    const pinned =
      chart === undefined ? /^(v?\d+\.\d+\.\d+\S*|[0-9a-f]{40})$/ : /^v?\d+\.\d+\.\d+(-[\w.]+)?(\+[\w.]+)?$/;
    if (path !== undefined || pinned.test(targetRevision)) return [];
    const need = chart === undefined ? "a tag like v1.2.3, or a whole commit" : "one exact version";
    const text = `${targetRevision} moves (need ${need}); name it`;
    return [{ ...about(rootPath, object), rule: "pinned-source", field: "spec.source.targetRevision", text }];
  });

/** Local machines have no route to the outside: they pull from the mirror, and from nowhere else. */
export function imagesInMirror(environment: Environment, images: ReadonlySet<string>): Finding[] {
  return environment.parts.flatMap((part) =>
    part.objects.flatMap((object) =>
      containersOf(object).flatMap(({ container: { image }, path }) => {
        if (typeof image !== "string" || images.has(image)) return [];
        const repository = image.replace(/[@:][^/]*$/, "");
        const others = [...images].filter((known) => known.startsWith(`${repository}:`));
        const cure =
          others.length > 0
            ? `the mirror has ${others.join(", ")}`
            : "add it to airgap/catalogue, or take it out of this overlay";
        const text = `${image} is not in the mirror, and local machines pull from nowhere else; ${cure}`;
        return [{ ...about(part.place, object), rule: "image-in-mirror", field: `${path}.image`, text }];
      }),
    ),
  );
}

export const ENVIRONMENT_RULES: readonly EnvironmentRule[] = [project, oneOwner, namespaces, defaultDeny, pinnedSource];

function about(place: string, object: KubernetesObject): Pick<Finding, "place" | "object"> {
  return { place, object: nameOf(object) };
}
