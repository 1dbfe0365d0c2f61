import type { KubernetesObject } from "./kubernetes-object";
import { isArgoCd, otherCluster, sourceField } from "./applications";
import type { Environment, Part } from "./environments";
import type { Finding } from "./finding";
import { repositoryOf } from "./git-url";
import { jsonOf } from "./kubectl-yaml";
import { project } from "./projects";
import { isConventional } from "./roots";
import { containersOf, groupOf, isClusterScoped, nameOf, podOf } from "./rendered";
import { isUnsure } from "./scopes";

/** A rule about what the parts of an environment are to each other. */
type EnvironmentRule = (environment: Environment) => Finding[];

/** Namespaces that exist without the repository. */
const GIVEN = ["argocd", "default", "kube-system", "kube-public", "kube-node-lease"];

/** Two Applications with the same object undo each other's changes. */
const oneOwner: EnvironmentRule = ({ parts, rootPath }) => {
  const owners = new Map<string, Part>();
  return parts.flatMap((part) =>
    part.objects.flatMap((object) => {
      const id = `${clusterOf(part)} ${groupOf(object)} ${nameOf(object)}`;
      const owner = owners.get(id);
      if (!owner) owners.set(id, part);
      if (!owner || owner.name === part.name) return [];
      // Somebody may have applied the root by hand.
      if (owner.name === "root" && !isConventional(rootPath)) return [];
      const text = `is in ${owner.place}, too, and two Applications would take it from each other; keep one`;
      return [{ ...about(part.place, object), rule: "one-owner", text }];
    }),
  );
};

/** An undeclared namespace has no Pod Security level, and the first sync fails without it. */
const namespaces: EnvironmentRule = ({ parts, applications, name }) => {
  const created = applications
    .filter(({ object }) => jsonOf(object).includes("CreateNamespace=true"))
    .map(({ destination }) => destination.namespace);
  const declared = new Set([
    ...GIVEN,
    ...created,
    ...parts.flatMap(({ objects }) =>
      objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
    ),
  ]);
  // What another cluster has isn't known here.
  return parts
    .filter((part) => clusterOf(part) === "")
    .flatMap((part) => {
      const first = part.objects.find(
        (object) => !isClusterScoped(object) && !isUnsure(object) && !declared.has(object.metadata.namespace ?? ""),
      );
      if (!first) return [];
      const { namespace = "" } = first.metadata;
      const ofArgoCd = ["Application", "ApplicationSet", "AppProject"].some((kind) => isArgoCd(first, kind));
      const text = ofArgoCd
        ? `Argo CD reads its own objects in the namespace argocd only (got ${namespace}); write that one`
        : namespace === ""
          ? "is missing, and the Application's destination names none; add one of the two"
          : `nothing in ${name} declares the namespace ${namespace}; add it with its Pod Security label`;
      return [{ ...about(part.place, first), rule: "namespace", field: "metadata.namespace", text }];
    });
};

/** A pod without a policy can reach everything in the cluster. */
const defaultDeny: EnvironmentRule = ({ parts }) => {
  const id = (part: Part, namespace = ""): string => `${clusterOf(part)} ${namespace}`;
  const denied = new Set(
    parts.flatMap((part) => part.objects.filter(deniesAll).map(({ metadata }) => id(part, metadata.namespace))),
  );
  return parts.flatMap((part) => {
    const running = part.objects.filter((object) => podOf(object) !== undefined);
    const open = new Set(
      running.map(({ metadata }) => metadata.namespace).filter((namespace) => !denied.has(id(part, namespace))),
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
    podSelector?: object | null;
    policyTypes?: readonly string[];
    ingress?: readonly unknown[];
    egress?: readonly unknown[];
  };
  const everyPod = Object.keys(podSelector ?? {}).length === 0;
  const both = ["Ingress", "Egress"].every((type) => policyTypes?.includes(type));
  return everyPod && both && (ingress ?? []).length === 0 && (egress ?? []).length === 0;
}

/** What comes from elsewhere isn't rendered here, so at least it has to be the same tomorrow. */
const pinnedSource: EnvironmentRule = ({ applications, rootPath, own }) =>
  applications.flatMap((application) =>
    application.sources.flatMap(({ repoURL = "", chart, targetRevision = "HEAD" }, index) => {
      const pinned =
        chart === undefined ? /^(v?\d+\.\d+\.\d+\S*|[0-9a-f]{40})$/ : /^v?\d+\.\d+\.\d+(-[\w.]+)?(\+[\w.]+)?$/;
      if ((chart === undefined && repositoryOf(repoURL) === own) || pinned.test(targetRevision)) return [];
      const need = chart === undefined ? "a tag like v1.2.3, or a whole commit" : "one exact version";
      const text = `${targetRevision} moves (need ${need}); name it`;
      const field = `${sourceField(application, index)}.targetRevision`;
      return [{ ...about(rootPath, application.object), rule: "pinned-source", field, text }];
    }),
  );

/** Local machines have no route to the outside: they pull from the mirror only. */
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

function clusterOf({ application }: Part): string {
  return (application && otherCluster(application.destination)) ?? "";
}

function about(place: string, object: KubernetesObject): Pick<Finding, "place" | "object"> {
  return { place, object: nameOf(object) };
}
