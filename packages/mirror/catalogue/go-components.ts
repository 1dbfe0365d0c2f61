import type { GoComponent } from "../units/go-component";

/** Kubernetes of a mirror that is built from modules; upstream's own binaries go up to 1.27.16. */
export const KUBERNETES_VERSION = "1.27.4";
export const ARGOCD_VERSION = "2.7.15" satisfies ArgoCdRelease;
export const SEALED_SECRETS_VERSION = "0.36.6";
export const FLANNEL_VERSION = "0.26.7";
export const KUBE_ROUTER_VERSION = "2.1.0";

const ARGOCD = "github.com/argoproj/argo-cd/v2";
const CNI = "github.com/containernetworking/plugins";

/** Releases of Kubernetes that are served as modules, each with the commit and the time of its tag. */
const KUBERNETES_RELEASES = {
  "1.27.3": { gitCommit: "25b4e43193bcda6c7328a6d147b1fb73a33f1598", buildDate: "2023-06-14T09:53:42Z" },
  "1.27.4": { gitCommit: "fa3d7990104d7c1f16943a67f11b154b71f6a132", buildDate: "2023-07-19T12:20:54Z" },
} as const;

type KubernetesRelease = keyof typeof KUBERNETES_RELEASES;

/** Releases before {@link KUBERNETES_VERSION}, which clusters are upgraded from. They are built on request only. */
export const EARLIER_KUBERNETES = ["1.27.3"] as const satisfies readonly KubernetesRelease[];

/** Releases of Argo CD that are served as modules, each with its kubectl library and the tag of Redis in its manifest. */
export const ARGOCD_RELEASES = {
  "2.7.15": { kubectl: "v0.24.2", redis: "7.0.14-alpine" },
  "2.13.9": { kubectl: "v0.31.0", redis: "7.0.15-alpine" },
} as const;

type ArgoCdRelease = keyof typeof ARGOCD_RELEASES;

/** Releases after {@link ARGOCD_VERSION}, which stacks choose or are upgraded to. They are built on request only. */
export const LATER_ARGOCD = ["2.13.9"] as const satisfies readonly ArgoCdRelease[];

/** The version that `kubectl version` and the API server report, in both packages that they read it from. */
function kubernetesVersion(version: KubernetesRelease): Record<string, string> {
  const { gitCommit, buildDate } = KUBERNETES_RELEASES[version];
  const [gitMajor = "", gitMinor = ""] = version.split(".");
  const fields = { gitVersion: `v${version}`, gitMajor, gitMinor, gitCommit, gitTreeState: "clean", buildDate };
  return Object.fromEntries(
    ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"].flatMap((path) =>
      Object.entries(fields).map(([name, value]) => [`${path}.${name}`, value]),
    ),
  );
}

function programs(prefix: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name.slice(name.lastIndexOf("/") + 1), `${prefix}/${name}`]));
}

/** The versions that `argocd version` reports. */
function argoCdVersion(version: ArgoCdRelease): Record<string, string> {
  return {
    [`${ARGOCD}/common.version`]: version,
    [`${ARGOCD}/common.gitTag`]: `v${version}`,
    [`${ARGOCD}/common.gitTreeState`]: "clean",
    [`${ARGOCD}/common.kubectlVersion`]: ARGOCD_RELEASES[version].kubectl,
  };
}

const KUBERNETES_PROGRAMS = [
  ...["kubelet", "kubeadm", "kubectl"],
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"],
];

const CNI_PLUGINS = [
  ...["ipam/dhcp", "ipam/host-local", "ipam/static"],
  ...["main/bridge", "main/dummy", "main/host-device", "main/ipvlan", "main/loopback", "main/macvlan", "main/ptp"],
  ...[
    "main/tap",
    "main/vlan",
    "meta/bandwidth",
    "meta/firewall",
    "meta/portmap",
    "meta/sbr",
    "meta/tuning",
    "meta/vrf",
  ],
];

/**
 * Everything that is compiled, in build order: what the mirror itself needs, then what a cluster needs first.
 *
 * The exact module versions are in `packages/mirror/modules/<name>/go.{mod,sum}`. `seconds` are wall time on two cores with
 * empty caches; `diskMiB` includes Go's module and build caches.
 */
export const GO_COMPONENTS = {
  crane: {
    name: "crane",
    version: "0.20.2",
    programs: { crane: "github.com/google/go-containerregistry/cmd/crane" },
    variables: { "github.com/google/go-containerregistry/cmd/crane/cmd.Version": "v0.20.2" },
    seconds: 50,
    diskMiB: 250,
  },
  registry: {
    name: "registry",
    version: "3.0.0",
    programs: { registry: "github.com/distribution/distribution/v3/cmd/registry" },
    variables: { "github.com/distribution/distribution/v3/version.version": "v3.0.0" },
    seconds: 120,
    diskMiB: 700,
  },
  kubernetes: {
    name: "kubernetes",
    version: KUBERNETES_VERSION,
    programs: programs("k8s.io/kubernetes/cmd", KUBERNETES_PROGRAMS),
    variables: kubernetesVersion(KUBERNETES_VERSION),
    moduleFiles: { "pause.c": { module: "k8s.io/kubernetes", path: "build/pause/linux/pause.c" } },
    seconds: 460,
    diskMiB: 3300,
  },
  etcd: {
    name: "etcd",
    version: "3.5.7",
    programs: {
      etcd: "go.etcd.io/etcd/server/v3",
      etcdctl: "go.etcd.io/etcd/etcdctl/v3",
      etcdutl: "go.etcd.io/etcd/etcdutl/v3",
    },
    seconds: 60,
    diskMiB: 350,
  },
  coredns: {
    name: "coredns",
    version: "1.10.1",
    programs: { coredns: "." },
    seconds: 80,
    diskMiB: 600,
  },
  crictl: {
    name: "crictl",
    version: "1.30.0",
    programs: { crictl: "github.com/kubernetes-sigs/cri-tools/cmd/crictl" },
    variables: { "github.com/kubernetes-sigs/cri-tools/pkg/version.Version": "v1.30.0" },
    seconds: 75,
    diskMiB: 450,
  },
  "cni-plugins": {
    name: "cni-plugins",
    version: "1.3.0",
    programs: programs(`${CNI}/plugins`, CNI_PLUGINS),
    variables: { [`${CNI}/pkg/utils/buildversion.BuildVersion`]: "v1.3.0" },
    seconds: 30,
    diskMiB: 200,
  },
  // The plugin moved to flannel's own repository, which is not served as a module; this is its last release here.
  "cni-flannel": {
    name: "cni-flannel",
    version: "0.9.1",
    programs: { flannel: `${CNI}/plugins/meta/flannel` },
    variables: { [`${CNI}/pkg/utils/buildversion.BuildVersion`]: "v0.9.1" },
    seconds: 10,
    diskMiB: 60,
  },
  flannel: {
    name: "flannel",
    version: FLANNEL_VERSION,
    programs: { flanneld: "github.com/flannel-io/flannel" },
    variables: { "github.com/flannel-io/flannel/pkg/version.Version": `v${FLANNEL_VERSION}` },
    // Its udp backend is C and doesn't compile without cgo.
    cgo: true,
    seconds: 70,
    diskMiB: 600,
  },
  "kube-router": {
    name: "kube-router",
    version: KUBE_ROUTER_VERSION,
    programs: { "kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router" },
    variables: { "github.com/cloudnativelabs/kube-router/v2/pkg/version.Version": `v${KUBE_ROUTER_VERSION}` },
    seconds: 110,
    diskMiB: 700,
  },
  helm: {
    name: "helm",
    version: "3.14.4",
    programs: { helm: "helm.sh/helm/v3/cmd/helm" },
    variables: {
      "helm.sh/helm/v3/internal/version.version": "v3.14.4",
      "helm.sh/helm/v3/internal/version.gitTreeState": "clean",
    },
    seconds: 90,
    diskMiB: 500,
  },
  kustomize: {
    name: "kustomize",
    version: "5.0.1",
    programs: { kustomize: "sigs.k8s.io/kustomize/kustomize/v5" },
    variables: {
      "sigs.k8s.io/kustomize/api/provenance.version": "kustomize/v5.0.1",
      "sigs.k8s.io/kustomize/api/provenance.buildDate": "2023-03-14T01:32:48Z",
    },
    seconds: 20,
    diskMiB: 150,
  },
  argocd: {
    name: "argocd",
    version: ARGOCD_VERSION,
    programs: { argocd: `${ARGOCD}/cmd` },
    variables: argoCdVersion(ARGOCD_VERSION),
    moduleFiles: {
      "entrypoint.sh": { module: ARGOCD, path: "entrypoint.sh" },
      "gpg-wrapper.sh": { module: ARGOCD, path: "hack/gpg-wrapper.sh" },
      "git-verify-wrapper.sh": { module: ARGOCD, path: "hack/git-verify-wrapper.sh" },
    },
    pages: {
      name: "argocd-ui",
      module: ARGOCD,
      source: "ui/src",
      config: "src/app/webpack.config.js",
      embeddedIn: "ui/dist/app",
      // The editor's style sheet names its font without a folder.
      besideIndex: ["assets/fonts/codicon.ttf"],
      env: { ARGO_VERSION: `v${ARGOCD_VERSION}`, HOST_ARCH: "amd64" },
      seconds: 80,
      diskMiB: 500,
    },
    seconds: 200,
    diskMiB: 1500,
  },
  "sealed-secrets": {
    name: "sealed-secrets",
    version: SEALED_SECRETS_VERSION,
    programs: {
      controller: "github.com/bitnami-labs/sealed-secrets/cmd/controller",
      kubeseal: "github.com/bitnami-labs/sealed-secrets/cmd/kubeseal",
    },
    variables: { "main.VERSION": SEALED_SECRETS_VERSION },
    seconds: 75,
    diskMiB: 450,
  },
  podinfo: {
    name: "podinfo",
    version: "6.9.2",
    programs: programs("github.com/stefanprodan/podinfo/cmd", ["podinfo", "podcli"]),
    variables: { "github.com/stefanprodan/podinfo/pkg/version.REVISION": "e86405a8674e" },
    moduleFiles: { ui: { module: "github.com/stefanprodan/podinfo", path: "ui" } },
    seconds: 40,
    diskMiB: 250,
  },
  "metrics-server": {
    name: "metrics-server",
    version: "0.6.3",
    programs: { "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server" },
    variables: Object.fromEntries(
      ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"].map((path) => [`${path}.gitVersion`, "v0.6.3"]),
    ),
    seconds: 90,
    diskMiB: 500,
  },
  "local-path-provisioner": {
    name: "local-path-provisioner",
    version: "0.0.30",
    programs: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
    variables: { "main.VERSION": "v0.0.30" },
    seconds: 80,
    diskMiB: 400,
  },
} as const satisfies Record<string, GoComponent>;

/** An earlier release of Kubernetes, from a module graph of its own. */
export function earlierKubernetes(version: (typeof EARLIER_KUBERNETES)[number]): GoComponent {
  const { moduleFiles: _pause, ...kubernetes } = GO_COMPONENTS.kubernetes;
  return { ...kubernetes, name: `kubernetes-${version}`, version, variables: kubernetesVersion(version) };
}

/** A later release of Argo CD, from a module graph of its own. It has no pages: theirs need other packages (ADR 11). */
export function laterArgoCd(version: (typeof LATER_ARGOCD)[number]): GoComponent {
  const { pages: _pages, ...argocd } = GO_COMPONENTS.argocd;
  return {
    ...argocd,
    name: `argocd-${version}`,
    version,
    variables: argoCdVersion(version),
    seconds: 300,
    diskMiB: 2000,
  };
}

/** Names of the components above. */
export type GoComponentName = keyof typeof GO_COMPONENTS;
