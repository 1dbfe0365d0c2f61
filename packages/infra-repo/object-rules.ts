import type { KubernetesObject } from "./kubernetes-object";
import type { Complaint } from "./finding";
import { clearKeys } from "./plain-secrets";
import { containersOf, podOf } from "./rendered";

const SEAL = "seal it (npm run seal -- STACK NAMESPACE NAME KEY=-)";

/** A rule about one object by itself. */
type ObjectRule = (object: KubernetesObject) => Complaint[];

/** Everyone who ever cloned the repository keeps a value that was in it. */
const plainSecret: ObjectRule = (object) => {
  const keys = object.kind === "Secret" && object.apiVersion === "v1" ? clearKeys(object) : [];
  if (keys.length === 0) return [];
  const text = `is a Secret in clear (${keys.join(", ")}), and Git never forgets; ${SEAL}, and change the value wherever it is used`;
  return [{ rule: "plain-secret", text }];
};

/** What runs must be what was reviewed: a tag that moves, or none, means what the registry has today. */
const imageTag: ObjectRule = (object) =>
  containersOf(object).flatMap(({ container: { image }, path }) => {
    if (typeof image !== "string" || image === "") return [];
    const [reference = "", digest] = image.split("@");
    const tag = /:([^/:]+)$/.exec(reference)?.[1];
    if (digest !== undefined || (tag !== undefined && tag !== "latest")) return [];
    const got = tag === undefined ? `${image} has no tag` : `${image} is whatever was pushed last`;
    return [
      { rule: "image-tag", field: `${path}.image`, text: `${got}; name a version, in the kustomization's images` },
    ];
  });

/** The scheduler plans by requests, and a container without a memory limit can exhaust its node. */
const REQUIRED = ["requests.cpu", "requests.memory", "limits.memory"] as const;

const resources: ObjectRule = (object) =>
  containersOf(object).flatMap(({ container, path }) => {
    const missing = REQUIRED.filter((name) => {
      const [group, resource] = name.split(".") as ["requests" | "limits", string];
      return container.resources?.[group]?.[resource] === undefined;
    });
    if (missing.length === 0) return [];
    const text = `lacks ${missing.join(", ")} (container ${container.name ?? "?"}); set them, in the overlay's patch-resources.yaml`;
    return [{ rule: "resources", field: `${path}.resources`, text }];
  });

/** Access to the node's files, network or processes is access to every pod on it. */
const hostPath: ObjectRule = (object) => {
  const found = podOf(object);
  return (found?.pod.volumes ?? []).flatMap(({ name, hostPath: host }, index) =>
    host === undefined
      ? []
      : [
          {
            rule: "host-path",
            field: `${found?.path ?? ""}.volumes[${index}]`,
            text: `mounts ${host.path ?? "a path"} of the node (volume ${name ?? "?"}); use a claim, or ${EXCEPTION}`,
          },
        ],
  );
};

const EXCEPTION = "list it in policy-exceptions.yaml with a reason";

const SHARED = { hostNetwork: "network", hostPID: "processes", hostIPC: "memory" } as const;

const privileged: ObjectRule = (object) => {
  const found = podOf(object);
  if (!found) return [];
  const shared = Object.entries(SHARED)
    .filter(([field]) => found.pod[field as keyof typeof SHARED] === true)
    .map(([field, what]) => ({
      field: `${found.path}.${field}`,
      text: `shares the node's ${what}; remove it, or ${EXCEPTION}`,
    }));
  const containers = containersOf(object)
    .filter(({ container }) => container.securityContext?.privileged === true)
    .map(({ container, path }) => ({
      field: `${path}.securityContext.privileged`,
      text: `may do everything on its node (container ${container.name ?? "?"}); remove it, or ${EXCEPTION}`,
    }));
  return [...shared, ...containers].map((complaint) => ({ rule: "privileged", ...complaint }));
};

const LEVEL = "pod-security.kubernetes.io/enforce";

/** Without the label a namespace takes privileged pods. */
const podSecurity: ObjectRule = ({ kind, metadata }) => {
  if (kind !== "Namespace") return [];
  const level = metadata.labels?.[LEVEL];
  if (level === "baseline" || level === "restricted") return [];
  const field = `metadata.labels[${LEVEL}]`;
  if (level === "privileged")
    return [
      { rule: "pod-security", field, text: `takes privileged pods; use baseline or restricted, or ${EXCEPTION}` },
    ];
  return [{ rule: "pod-security", field, text: `is ${level ?? "missing"} (need baseline or restricted); add it` }];
};

/** Without a probe, a pod gets traffic before it can serve, and a broken rollout counts as done. */
const readiness: ObjectRule = (object) =>
  ["Deployment", "StatefulSet", "DaemonSet"].includes(object.kind)
    ? containersOf(object)
        .filter(({ container, init }) => !init && container.readinessProbe === undefined)
        .map(({ container, path }) => ({
          rule: "readiness",
          field: `${path}.readinessProbe`,
          text: `is missing (container ${container.name ?? "?"}): a broken rollout would count as done; add one, or ${EXCEPTION}`,
        }))
    : [];

/** A value that kubeseal didn't make fails only in the cluster. */
const sealedValues: ObjectRule = (object) => {
  if (object.kind !== "SealedSecret") return [];
  const { encryptedData } = (object["spec"] ?? {}) as { encryptedData?: Record<string, unknown> | null };
  return Object.entries(encryptedData ?? {})
    .filter(([, value]) => typeof value !== "string" || value.length < 300 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value))
    .map(([key]) => ({
      rule: "sealed-value",
      field: `spec.encryptedData.${key}`,
      text: `is no sealed value; ${SEAL}`,
    }));
};

export const OBJECT_RULES: readonly ObjectRule[] = [
  plainSecret,
  imageTag,
  resources,
  hostPath,
  privileged,
  podSecurity,
  readiness,
  sealedValues,
];
