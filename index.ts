/** The platform, top to bottom. Each part is a component; this file alone maps the stack's configuration to them. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DiskGate } from "./components/disk-gate/disk-gate";
import { ArgoCd } from "./components/gitops/argocd";
import { RootApplication } from "./components/gitops/root-application";
import { SealedSecrets } from "./components/gitops/sealed-secrets";
import { Hub } from "./components/hub/hub";
import { PushNotification } from "./components/hub/push-notification";
import { KubernetesCluster } from "./components/kubernetes/cluster";
import { PodNetwork } from "./components/kubernetes/pod-network";
import { createMachines } from "./components/machines/create-machines";
import { warnOfDeadAgent } from "./components/remote/ssh-agent";
import { takeOver } from "./components/objects/take-over";
import { loadConfig } from "./config/load";
import { summarizeNotices } from "./config/notices";

const config = loadConfig();
void warnOfDeadAgent();
const { cluster: settings, versions, gitops, ssh, sealingKeys } = config;
const artifactList = config.artifacts.list.artifacts;

// 1. Machines, in parallel. A local platform also gets what an air-gapped site has beside its cluster.
const local = config.localMachines && {
  network: { ...config.localMachines, cidr: config.network.cidr },
  baseImage: ".local/mirror/machine/base.img",
  mirrorDirectory: ".local/mirror",
};
const stackId = `${pulumi.getProject()}/${pulumi.getStack()}/${settings.name}`;
const guests = config.guestImage && {
  hypervisors: config.hypervisors,
  image: config.guestImage,
  network: config.network,
  etcdDirectory: config.diskGate.directory,
  cluster: settings.name,
  stackId,
};
const machines = createMachines(config.nodes, {
  ssh,
  local,
  guests,
  protectKeys: settings.protectKeys,
  adoption: {
    stackId,
    clockUrl: config.artifacts.source.source === "mirror" ? config.artifacts.source.files : "https://dl.k8s.io",
    etcdDirectory: config.diskGate.directory,
    containers: settings.conntrack === "kernel",
  },
});
const controlPlanes = machines.filter(({ role }) => role === "control-plane");
const workers = machines.filter(({ role }) => role === "worker");
const hub = local && config.hub && new Hub("hub", { ...config.hub, local, ssh, gitops, sealingKeys });

// 2. The disk gate: nothing of Kubernetes touches any machine before every etcd node has passed.
const gate = new DiskGate("disk-gate", { nodes: controlPlanes, neighbours: workers, ...config.diskGate });

// 3. Kubernetes: init, joins in parallel, the pod network.
const cluster = new KubernetesCluster(settings.name, {
  ...settings,
  controlPlanes,
  workers,
  version: versions.kubernetes,
  artifacts: config.artifacts.source,
  artifactList,
  prefetch: ["argocd", "redis", "sealed-secrets-controller"],
  etcdDirectory: config.diskGate.directory,
  ...(local ? ({ conntrack: "kernel", podCidrs: "address" } as const) : {}),
  stackId,
  after: [...gate.passed, ...(hub?.mirrorReady ?? [])],
});
const provider = new k8s.Provider("kubernetes", {
  kubeconfig: cluster.kubeconfig,
  clusterIdentifier: cluster.identity,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});
// An `up` that was killed leaves objects that the state doesn't know of yet; the next one takes them over.
const inCluster = { deletedWith: cluster.disposedWith, transformations: [takeOver] };
const network = new PodNetwork("pod-network", { ...settings, versions, artifactList, provider }, inCluster);

// 4. Argo CD and Sealed Secrets, in parallel, then the root Application: from there on Git drives the cluster.
const argocd = new ArgoCd(
  "argocd",
  {
    version: versions.argocd,
    provider,
    artifacts: artifactList,
    repository: { url: gitops.repoURL, deployKey: gitops.deployKey, hostKeys: hub ? [hub.hostKey] : gitops.hostKeys },
    applicationSets: gitops.applicationSets,
    reconciliationSeconds: gitops.reconciliationSeconds,
    nodePort: gitops.nodePort === undefined ? undefined : { address: cluster.first.address, port: gitops.nodePort },
  },
  inCluster,
);
const sealedSecrets = new SealedSecrets(
  "sealed-secrets",
  {
    version: config.sealedSecretsChart,
    provider,
    artifacts: artifactList,
    keys: sealingKeys,
    protectKeys: settings.protectKeys,
  },
  inCluster,
);
const root = new RootApplication(
  "root",
  { provider, repoURL: gitops.repoURL, targetRevision: gitops.targetRevision, path: gitops.path },
  {
    ...inCluster,
    dependsOn: [...argocd.ready, ...sealedSecrets.ready, ...network.ready, ...(hub?.repositoryReady ?? [])],
  },
);
const { nodePort } = gitops;
if (hub && nodePort !== undefined) {
  const addresses = machines.map(({ address }) => `${address}:${nodePort}`);
  const webhook = { controlPlane: cluster.first, addresses, token: argocd.webhookSecret };
  new PushNotification("hub-push", { hub, argocd: webhook }, { dependsOn: argocd.ready });
}

export const endpoint = cluster.endpoint;
export const kubeconfig = cluster.kubeconfig;
export const nodes = machines.map(({ name, role, address }) => ({ name, role, address }));
export const diskGate = gate.results;
export const rootApplication = {
  name: root.applicationName,
  repoURL: gitops.repoURL,
  targetRevision: gitops.targetRevision,
  path: gitops.path,
  knownHosts: hub ? pulumi.interpolate`${config.hub.address} ${hub.hostKey}` : undefined,
};
const argocdAccess = { url: argocd.url, adminPassword: argocd.adminPassword };
export { argocdAccess as argocd, versions };
export const notices = summarizeNotices(config.notices);
export const sealingCertificate = sealedSecrets.certificate;
