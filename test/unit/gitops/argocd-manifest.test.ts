/** What becomes of Argo CD's official manifest. Doesn't prove that the result runs: the end-to-end suite does. */
import { describe, expect, it } from "vitest";
import { APPLICATION_HEALTH } from "../../../components/gitops/application-health";
import { argoCdObjects } from "../../../components/gitops/argocd-manifest";
import { readManifest } from "../../../components/gitops/manifest";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";

const CLIENT_PASSWORD = { name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: { name: "argocd-redis", key: "auth" } } };
const PROMPT = { initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 15 };

interface Pod {
  readonly containers: readonly Record<string, unknown>[];
  readonly initContainers?: readonly Record<string, unknown>[];
  readonly volumes?: readonly { readonly name: string }[];
}

function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
}

function pod(objects: readonly KubernetesObject[], kind: string, name: string): Pod {
  return (find(objects, kind, name) as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec;
}

function container(objects: readonly KubernetesObject[], kind: string, name: string): Record<string, unknown> {
  const [first] = pod(objects, kind, name).containers;
  if (!first) throw new Error(`no container in ${kind} ${name}`);
  return first;
}

const SETTINGS = { applicationSets: true, reconciliationSeconds: 180 };

const names = (objects: readonly KubernetesObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** What 2.13 has beside 2.7: rights for ApplicationSets in any namespace. */
const CLUSTER_WIDE = [
  "ClusterRole argocd-applicationset-controller",
  "ClusterRoleBinding argocd-applicationset-controller",
];

describe.each([
  { version: "2.7.15", further: [], withoutRole: [] },
  { version: "2.13.9", further: CLUSTER_WIDE, withoutRole: ["Role argocd-redis"] },
])("the manifest of Argo CD $version", ({ further, version, withoutRole }) => {
  const official = readManifest(`argocd-v${version}-install.yaml`);
  const objects = argoCdObjects(official, SETTINGS);

  it("loses dex, notifications, the empty Secrets, Redis' own rights and the public hosts, and nothing else", () => {
    const kept = names(objects);
    const lost = names(official).filter((name) => !kept.includes(name));
    expect(lost.filter((name) => !withoutRole.includes(name))).toEqual([
      "ServiceAccount argocd-dex-server",
      "ServiceAccount argocd-notifications-controller",
      "Role argocd-dex-server",
      "Role argocd-notifications-controller",
      "RoleBinding argocd-dex-server",
      "RoleBinding argocd-notifications-controller",
      "ConfigMap argocd-notifications-cm",
      "ConfigMap argocd-ssh-known-hosts-cm",
      "Secret argocd-notifications-secret",
      "Secret argocd-secret",
      "Service argocd-dex-server",
      "Service argocd-notifications-controller-metrics",
      "Deployment argocd-dex-server",
      "Deployment argocd-notifications-controller",
      "NetworkPolicy argocd-dex-server-network-policy",
      "NetworkPolicy argocd-notifications-controller-network-policy",
    ]);
    expect(lost).toEqual(expect.arrayContaining(withoutRole));
    expect(kept.filter((name) => !names(official).includes(name))).toEqual([]);
  });

  it("loses the ApplicationSet controller and their definition when asked to, and nothing else", () => {
    const fewer = names(argoCdObjects(official, { ...SETTINGS, applicationSets: false }));
    const lost = names(objects).filter((name) => !fewer.includes(name));
    expect(lost.filter((name) => further.includes(name))).toEqual(further);
    expect(lost.filter((name) => !further.includes(name))).toEqual([
      "CustomResourceDefinition applicationsets.argoproj.io",
      "ServiceAccount argocd-applicationset-controller",
      "Role argocd-applicationset-controller",
      "RoleBinding argocd-applicationset-controller",
      "Service argocd-applicationset-controller",
      "Deployment argocd-applicationset-controller",
      "NetworkPolicy argocd-applicationset-controller-network-policy",
    ]);
    expect(names(argoCdObjects(official, { ...SETTINGS, applicationSets: true }))).toEqual(names(objects));
  });

  it("leaves the objects it was given as they were", () => {
    const before = JSON.stringify(official);
    argoCdObjects(official, { ...SETTINGS, nodePort: 30443 });
    expect(JSON.stringify(official)).toBe(before);
  });

  it("puts what lives in a namespace into argocd, and binds cluster roles to accounts there", () => {
    const outside = objects.filter(({ metadata }) => metadata.namespace !== "argocd");
    expect([...new Set(outside.map(({ kind }) => kind))].sort()).toEqual([
      "ClusterRole",
      "ClusterRoleBinding",
      "CustomResourceDefinition",
    ]);
    const bindings = objects.filter(({ kind }) => kind === "ClusterRoleBinding");
    expect(bindings.length).toBe(2 + further.length / 2);
    const ofBoth = bindings.filter((binding) => !further.includes(`ClusterRoleBinding ${binding.metadata.name}`));
    expect(ofBoth.flatMap((binding) => binding["subjects"])).toEqual([
      { kind: "ServiceAccount", name: "argocd-application-controller", namespace: "argocd" },
      { kind: "ServiceAccount", name: "argocd-server", namespace: "argocd" },
    ]);
  });

  it("lets Redis read its password from a file, so that no command line shows it", () => {
    const redis = container(objects, "Deployment", "argocd-redis");
    expect(redis["command"]).toEqual(["redis-server"]);
    expect(redis["args"]).toEqual(["/etc/argocd-redis/redis.conf", "--save", "", "--appendonly", "no"]);
    expect(redis["env"]).toBeUndefined();
    expect(redis["volumeMounts"]).toEqual([{ name: "configuration", mountPath: "/etc/argocd-redis", readOnly: true }]);
    expect(pod(objects, "Deployment", "argocd-redis").volumes).toEqual([
      {
        name: "configuration",
        secret: { secretName: "argocd-redis", items: [{ key: "redis.conf", path: "redis.conf" }] },
      },
    ]);
    expect(JSON.stringify(objects)).not.toContain("requirepass");
  });

  it.each([
    ["Deployment", "argocd-server"],
    ["Deployment", "argocd-repo-server"],
    ["StatefulSet", "argocd-application-controller"],
  ])("gives %s %s the password, once, from the Secret", (kind, name) => {
    const env = container(objects, kind, name)["env"] as { name: string }[];
    expect(env.filter((variable) => variable.name === "REDIS_PASSWORD")).toEqual([CLIENT_PASSWORD]);
  });

  it("gives the password to nobody else", () => {
    expect(JSON.stringify(container(objects, "Deployment", "argocd-applicationset-controller"))).not.toContain("REDIS");
  });

  it("starts the repo-server without copying the plugin server", () => {
    const repoServer = pod(objects, "Deployment", "argocd-repo-server");
    expect(repoServer.initContainers).toBeUndefined();
    expect(repoServer.volumes?.map(({ name }) => name)).toEqual([
      "ssh-known-hosts",
      "tls-certs",
      "gpg-keys",
      "gpg-keyring",
      "tmp",
      "helm-working-dir",
      "argocd-repo-server-tls",
      "plugins",
    ]);
  });

  it("sets how often Git is asked, when an Application is healthy, and what is compared", () => {
    expect(find(objects, "ConfigMap", "argocd-cm")["data"]).toEqual({
      "timeout.reconciliation": "180s",
      "resource.customizations.health.argoproj.io_Application": APPLICATION_HEALTH,
      "resource.customizations.ignoreDifferences.networking.k8s.io_NetworkPolicy": "jsonPointers:\n- /status\n",
    });
    const often = argoCdObjects(official, { ...SETTINGS, reconciliationSeconds: 30 });
    expect(find(often, "ConfigMap", "argocd-cm")["data"]).toMatchObject({ "timeout.reconciliation": "30s" });
  });

  it("probes readiness soon, with the official checks", () => {
    const probes = ["argocd-server", "argocd-repo-server"].map(
      (name) => container(objects, "Deployment", name)["readinessProbe"],
    );
    expect(probes).toEqual([
      { httpGet: { path: "/healthz", port: 8080 }, ...PROMPT },
      { httpGet: { path: "/healthz", port: 8084 }, ...PROMPT },
    ]);
    expect(container(objects, "StatefulSet", "argocd-application-controller")["readinessProbe"]).toEqual({
      httpGet: { path: "/healthz", port: 8082 },
      ...PROMPT,
    });
    expect(container(objects, "Deployment", "argocd-redis")["readinessProbe"]).toBeUndefined();
  });

  it.each([
    ["StatefulSet", "argocd-application-controller", "100m", "256Mi"],
    ["Deployment", "argocd-repo-server", "100m", "128Mi"],
    ["Deployment", "argocd-server", "50m", "96Mi"],
    ["Deployment", "argocd-redis", "20m", "32Mi"],
    ["Deployment", "argocd-applicationset-controller", "20m", "64Mi"],
  ])("reserves for %s %s %s and %s, without a limit", (kind, name, cpu, memory) => {
    expect(container(objects, kind, name)["resources"]).toEqual({ requests: { cpu, memory } });
  });

  it("asks no registry when a pod starts again", () => {
    expect(JSON.stringify(objects)).not.toContain('"Always"');
  });

  it("opens a node port for HTTPS alone, and only when asked to", () => {
    expect(names(objects)).not.toContain("Service argocd-server-node-port");
    const opened = argoCdObjects(official, { ...SETTINGS, nodePort: 30443 });
    expect(find(opened, "Service", "argocd-server-node-port")).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "argocd-server-node-port",
        namespace: "argocd",
        labels: { "app.kubernetes.io/component": "server", "app.kubernetes.io/part-of": "argocd" },
      },
      spec: {
        type: "NodePort",
        selector: { "app.kubernetes.io/name": "argocd-server" },
        ports: [{ name: "https", port: 443, targetPort: 8080, nodePort: 30443, protocol: "TCP" }],
      },
    });
    expect(find(opened, "Service", "argocd-server")).toEqual(find(objects, "Service", "argocd-server"));
  });

  it("lets Redis ask for names, and reach nothing else", () => {
    const { egress, policyTypes } = find(objects, "NetworkPolicy", "argocd-redis-network-policy")["spec"] as Record<
      string,
      unknown
    >;
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
    expect(egress).toEqual([
      {
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
    ]);
  });

  it("keeps the network policies: Redis answers its three clients alone, the API server everybody", () => {
    const peers = find(objects, "NetworkPolicy", "argocd-redis-network-policy")["spec"] as {
      ingress: { from: { podSelector: { matchLabels: Record<string, string> } }[] }[];
    };
    expect(
      peers.ingress.flatMap(({ from }) => from.map((peer) => peer.podSelector.matchLabels["app.kubernetes.io/name"])),
    ).toEqual(["argocd-server", "argocd-repo-server", "argocd-application-controller"]);
    expect(find(objects, "NetworkPolicy", "argocd-server-network-policy")["spec"]).toMatchObject({ ingress: [{}] });
  });
});

describe("an upgrade from 2.7.15 to 2.13.9", () => {
  const [before, after] = ["2.7.15", "2.13.9"].map((version) =>
    argoCdObjects(readManifest(`argocd-v${version}-install.yaml`), SETTINGS),
  );
  /** Fields that the API doesn't change in place: another value is a deletion, and a new object. */
  const fixed = (objects: readonly KubernetesObject[] = []): Map<string, unknown> =>
    new Map(
      objects.map((object) => {
        const {
          clusterIP,
          group,
          names: definedNames,
          scope,
          selector,
          serviceName,
          volumeClaimTemplates,
        } = (object["spec"] ?? {}) as Record<string, unknown>;
        const identity = { clusterIP, group, definedNames, scope, selector, serviceName, volumeClaimTemplates };
        return [`${object.kind} ${object.metadata.name}`, { ...identity, roleRef: object["roleRef"] }];
      }),
    );

  it("replaces nothing and takes nothing away", () => {
    const [old, current] = [fixed(before), fixed(after)];
    expect(old.size).toBe(40);
    for (const [name, fields] of old) expect([name, current.get(name)]).toEqual([name, fields]);
  });

  it("keeps what this platform configures", () => {
    const configured = (objects: readonly KubernetesObject[] = []): unknown =>
      objects.filter(({ kind }) => kind === "ConfigMap");
    expect(configured(after)).toEqual(configured(before));
  });
});
