/** The platform, top to bottom. Each part is a component; this file alone maps the stack's configuration to them. */
import "./config/stack-traces";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { WORKLOAD_IMAGES } from "./components/artifacts/names";
import { DiskGate } from "./components/disk-gate/disk-gate";
import { ArgoCd } from "./components/gitops/argocd";
import { RootApplication } from "./components/gitops/root-application";
import { SealedSecrets } from "./components/gitops/sealed-secrets";
import { Recorder } from "./components/health/recorder";
import { Hub } from "./components/hub/hub";
import { PushNotification } from "./components/hub/push-notification";
import { KubernetesCluster } from "./components/kubernetes/cluster";
import { PodNetwork } from "./components/kubernetes/pod-network";
import { runningVersions } from "./components/kubernetes/running-versions";
import { createMachines } from "./components/machines/create-machines";
import { byName } from "./components/machines/machine";
import { warnOfDeadAgent } from "./components/remote/ssh-agent";
import { takeOver } from "./components/objects/take-over";
import { keepLivingCluster, PROGRAM_VERSION } from "./config/living-cluster";
import { loadConfig } from "./config/load";
import { summarizeNotices } from "./config/notices";

// Configuration: checked whole, every problem reported at once.
const config = loadConfig();
const lastUpdate = keepLivingCluster(config);
void warnOfDeadAgent();
const { cluster: settings, diskGate: gateSettings, gitops, network: nodeNetwork, sealingKeys, ssh, versions } = config;
const { list, source } = config.artifacts;
const etcdDirectory = gateSettings.directory;
const stackId = `${pulumi.getProject()}/${pulumi.getStack()}/${settings.name}`;

// Machines, in parallel. A local platform also gets what an air-gapped site has beside its cluster: the hub.
const local = config.localMachines && {
  network: { ...config.localMachines, cidr: nodeNetwork.cidr },
  baseImage: ".local/mirror/machine/base.img",
  mirrorDirectory: ".local/mirror",
};
const { guestImage: image, hypervisors } = config;
const machines = createMachines(config.nodes, {
  ssh,
  local,
  guests: image && { hypervisors, image, network: nodeNetwork, etcdDirectory, cluster: settings.name, stackId },
  protectKeys: settings.protectKeys,
  adoption: {
    stackId,
    clockUrl: source.source === "mirror" ? source.files : "https://dl.k8s.io",
    etcdDirectory,
    containers: settings.conntrack === "kernel",
  },
}).sort(byName);
const controlPlanes = machines.filter(({ role }) => role === "control-plane");
const workers = machines.filter(({ role }) => role === "worker");
const hub = local && config.hub && new Hub("hub", { ...config.hub, local, ssh, gitops, sealingKeys });

// Disk gate: nothing of Kubernetes touches any machine before every etcd node has passed.
const gate = new DiskGate("disk-gate", { nodes: controlPlanes, neighbours: workers, ...gateSettings });

// Kubernetes: init, then the joins in parallel.
const cluster = new KubernetesCluster(settings.name, {
  ...settings,
  controlPlanes,
  workers,
  version: versions.kubernetes,
  artifacts: source,
  artifactList: list.artifacts,
  prefetch: WORKLOAD_IMAGES,
  etcdDirectory,
  conntrack: local ? "kernel" : settings.conntrack,
  podCidrs: local ? "address" : "controller",
  drain: config.drain,
  nodeDrains: new Map(config.nodes.map(({ name, drain = {} }) => [name, drain])),
  maxUnavailable: config.upgrade.maxUnavailable,
  firewall: config.firewall,
  snapshots: config.snapshots,
  // Set by npm run snapshots for the one update that restores a lost cluster.
  restore: process.env["GITOPS_PLATFORM_RESTORE"],
  stackId,
  lastUpdate,
  after: [...gate.passed, ...(hub?.mirrorReady ?? [])],
});
// From here on each control plane is watched by a recorder of its own.
const oneComputer = local !== undefined;
new Recorder("health", { controlPlanes, workers, oneComputer, etcdDirectory, stackId, after: cluster.complete });
const provider = new k8s.Provider("kubernetes", {
  kubeconfig: cluster.kubeconfig,
  clusterIdentifier: cluster.identity,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});
// An `up` that was killed leaves objects that the state doesn't know of yet; the next one takes them over.
const inCluster = { deletedWith: cluster.disposedWith, transformations: [takeOver] };
const inClusterArgs = { provider, artifacts: list.artifacts };

// Network, Argo CD and Sealed Secrets, in parallel.
const network = new PodNetwork(
  "pod-network",
  { ...settings, versions, provider, artifactList: list.artifacts },
  inCluster,
);
const { nodePort } = gitops;
const argocd = new ArgoCd(
  "argocd",
  {
    version: versions.argocd,
    ...inClusterArgs,
    repository: { url: gitops.repoURL, deployKey: gitops.deployKey, hostKeys: hub ? [hub.hostKey] : gitops.hostKeys },
    applicationSets: gitops.applicationSets,
    reconciliationSeconds: gitops.reconciliationSeconds,
    nodePort: nodePort === undefined ? undefined : { address: cluster.first.address, port: nodePort },
  },
  inCluster,
);
const sealedSecrets = new SealedSecrets(
  "sealed-secrets",
  {
    version: config.sealedSecretsChart,
    ...inClusterArgs,
    keys: sealingKeys,
    protectKeys: settings.protectKeys,
  },
  inCluster,
);

// Root Application: from here on Git drives the cluster.
const root = new RootApplication(
  "root",
  { provider, repoURL: gitops.repoURL, targetRevision: gitops.targetRevision, path: gitops.path },
  {
    ...inCluster,
    dependsOn: [...argocd.ready, ...sealedSecrets.ready, ...network.ready, ...(hub?.repositoryReady ?? [])],
  },
);
if (hub && nodePort !== undefined) {
  const addresses = machines.map(({ address }) => `${address}:${nodePort}`);
  const webhook = { controlPlane: cluster.first, addresses, token: argocd.webhookSecret };
  new PushNotification("hub-push", { hub, argocd: webhook }, { dependsOn: argocd.ready });
}

const running = runningVersions(
  settings.name,
  { on: cluster.first, configured: versions, stackId },
  { parent: cluster, dependsOn: [...cluster.complete, ...network.ready, ...argocd.complete, ...sealedSecrets.ready] },
);

// Outputs.
export const endpoint = cluster.endpoint;
export const kubeconfig = cluster.operatorKubeconfig;
export const founded = cluster.founded;
export const program = PROGRAM_VERSION;
export const certificates = cluster.certificates;
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
export { argocdAccess as argocd, running as versions };
export const notices = summarizeNotices(config.notices);
export const sealingCertificate = sealedSecrets.certificate;
