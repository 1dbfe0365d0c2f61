import type { KubernetesObject } from "../objects/kubernetes-object";
import { APPLICATION_HEALTH } from "./application-health";
import { withRedisPassword } from "./argocd-redis";
import { mapContainers, mapPods, withImagesKept, withPromptReadiness } from "./workload";

/** The namespace Argo CD runs in. The official manifest's cluster role bindings assume this very name. */
export const NAMESPACE = "argocd";

/** The definition of ApplicationSets, half of the official manifest. */
export const APPLICATION_SETS = "applicationsets.argoproj.io";

/** The ConfigMap with the hosts that Git over SSH may reach. */
export const KNOWN_HOSTS = "argocd-ssh-known-hosts-cm";

/** The choices that this platform has about the official installation. */
export interface ArgoCdSettings {
  /** How often every Application is compared with Git even without a push, in seconds. */
  readonly reconciliationSeconds: number;
  /** Port on every node that serves the API and UI over HTTPS. Unset: only from inside the cluster. */
  readonly nodePort?: number;
  /** Whether to keep the ApplicationSet controller and its definition, the biggest of all objects. */
  readonly applicationSets: boolean;
}

/**
 * The objects of an official `install.yaml`, of 2.7 to 2.13, with this platform's changes. Secrets and known hosts are
 * left out: their values are known only while the stack runs, so the component makes them.
 */
export function argoCdObjects(official: readonly KubernetesObject[], settings: ArgoCdSettings): KubernetesObject[] {
  return [
    withoutSecrets,
    // Without dex, the single sign-on broker, there is the admin account.
    without("dex-server"),
    settings.applicationSets ? same : withoutApplicationSets,
    // It does nothing until it has a service to notify.
    without("notifications-controller"),
    withRedisPassword,
    withoutPluginServer,
    withSettings(settings.reconciliationSeconds),
    withoutKnownHosts,
    withRequests,
    withPromptReadiness,
    withImagesKept,
    settings.nodePort === undefined ? same : withNodePort(settings.nodePort),
    inNamespace,
  ].reduce((objects, change) => change(objects), [...official]);
}

type Change = (objects: readonly KubernetesObject[]) => KubernetesObject[];

const same: Change = (objects) => [...objects];

const withoutSecrets: Change = (objects) => objects.filter(({ kind }) => kind !== "Secret");

/** Leaves out one of Argo CD's parts with everything that belongs to it, by the label the official manifest gives it. */
function without(component: string): Change {
  return (objects) =>
    objects.filter(
      ({ metadata }) =>
        metadata.labels?.["app.kubernetes.io/component"] !== component &&
        metadata.name !== `argocd-${component}-network-policy`,
    );
}

const withoutApplicationSets: Change = (objects) =>
  without("applicationset-controller")(objects).filter(({ metadata }) => metadata.name !== APPLICATION_SETS);

/** Puts every object that lives in a namespace into Argo CD's own. */
const inNamespace: Change = (objects) =>
  objects.map((object) =>
    CLUSTER_SCOPED.includes(object.kind)
      ? object
      : { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } },
  );

const CLUSTER_SCOPED = ["CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"];

/**
 * Takes the status of a NetworkPolicy out of comparisons. Kubernetes 1.27 has that field, empty, and Argo CD 2.13's own
 * schema, which is of 1.31, lacks it: every Application that applies one on the server would be Unknown (seen with 2.13.9).
 */
const NO_POLICY_STATUS = "jsonPointers:\n- /status\n";

/** Sets `argocd-cm`: how often Argo CD polls Git, what it compares, and when an Application counts as healthy. */
function withSettings(reconciliationSeconds: number): Change {
  return withData("argocd-cm", {
    "timeout.reconciliation": `${reconciliationSeconds}s`,
    "resource.customizations.health.argoproj.io_Application": APPLICATION_HEALTH,
    "resource.customizations.ignoreDifferences.networking.k8s.io_NetworkPolicy": NO_POLICY_STATUS,
  });
}

/** Leaves out the public Git services that the official manifest trusts; the component makes the list from its own. */
const withoutKnownHosts: Change = (objects) =>
  objects.filter(({ kind, metadata }) => kind !== "ConfigMap" || metadata.name !== KNOWN_HOSTS);

function withData(name: string, data: Readonly<Record<string, string>>): Change {
  return (objects) =>
    objects.map((object) =>
      object.kind === "ConfigMap" && object.metadata.name === name ? { ...object, data } : object,
    );
}

/**
 * Leaves out the copy of the 140 MB binary that plugin sidecars would run: there are none, and the repo-server, which
 * everything waits for, starts only after it.
 */
const withoutPluginServer: Change = (objects) =>
  mapPods(objects, (pod, workload) => {
    if (workload !== "argocd-repo-server") return pod;
    const { initContainers = [], volumes = [], ...rest } = pod;
    const others = initContainers.filter(({ name }) => name !== "copyutil");
    return {
      ...rest,
      ...(others.length > 0 ? { initContainers: others } : {}),
      volumes: volumes.filter(({ name }) => name !== "var-files"),
    };
  });

/**
 * What each part reserves. The scheduler spreads pods by requests, and a crowded machine shares its processors by them:
 * the two parts every sync goes through come first. No limits on processors, which would slow down starting.
 */
const REQUESTS: Readonly<Record<string, { readonly cpu: string; readonly memory: string }>> = {
  "argocd-application-controller": { cpu: "100m", memory: "256Mi" },
  "argocd-repo-server": { cpu: "100m", memory: "128Mi" },
  "argocd-server": { cpu: "50m", memory: "96Mi" },
  "argocd-redis": { cpu: "20m", memory: "32Mi" },
  "argocd-applicationset-controller": { cpu: "20m", memory: "64Mi" },
};

/** Gives every part the resource requests that the official manifest lacks. */
const withRequests: Change = (objects) =>
  mapContainers(objects, (container, workload) => {
    const requests = REQUESTS[workload];
    return requests ? { ...container, resources: { ...container.resources, requests } } : container;
  });

/** Adds a Service that opens HTTPS, and nothing else, on every node; the official Service stays as it is. */
function withNodePort(nodePort: number): Change {
  return (objects) => [
    ...objects,
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "argocd-server-node-port",
        labels: { "app.kubernetes.io/component": "server", "app.kubernetes.io/part-of": "argocd" },
      },
      spec: {
        type: "NodePort",
        selector: { "app.kubernetes.io/name": "argocd-server" },
        ports: [{ name: "https", port: 443, targetPort: 8080, nodePort, protocol: "TCP" }],
      },
    },
  ];
}
