import { busyboxLayer } from "../units/busybox-layer";
import { debianLayer } from "../units/debian-layer";
import { guestImage } from "../units/guest-image";
import { goUnit } from "../units/go-component";
import { image, type ImageArgs } from "../units/image";
import { machineDisk } from "../units/machine-disk";
import { archive, pauseProgram, staticLayer } from "../units/small-units";
import type { Unit } from "../units/unit";
import {
  CONTAINER_ARGOCD,
  CONTAINER_BASE,
  CONTAINER_NETWORK,
  CONTAINER_REDIS,
  GUEST,
  HYPERVISOR,
  MACHINE,
} from "./debian-roots";
import {
  EARLIER_KUBERNETES,
  earlierKubernetes,
  GO_COMPONENTS,
  type GoComponentName,
  LATER_ARGOCD,
  laterArgoCd,
} from "./go-components";

/** Everything the mirror consists of, as units that depend on each other. */
export interface Units {
  readonly go: Readonly<Record<GoComponentName, Unit>>;
  readonly machine: Unit;
  readonly archives: { readonly crictl: Unit; readonly cniPlugins: Unit };
  readonly images: Readonly<Record<ImageName, Unit>>;
  /** Units with Debian packages: as new as on the day of their build. */
  readonly debian: readonly Unit[];
  /** All of them in build order: what a cluster needs first comes first. */
  readonly ordered: readonly Unit[];
  /** Built on request only: the disk of a hypervisor as a local machine, and the image of its guests. */
  readonly virtual: { readonly hypervisor: Unit; readonly guest: Unit };
  /** Built on request only: other releases than the mirror's own, which clusters are upgraded from or to. */
  readonly releases: readonly Release[];
}

/** The parts that the mirror has several releases of. */
export type ReleasedPart = Release["part"];

export type Release = { readonly version: string; readonly programs: Unit } & (
  | { readonly part: "kubernetes"; readonly images: Readonly<Record<KubernetesImage, Unit>> }
  | { readonly part: "argocd"; readonly images: Readonly<Record<"argocd" | "redis", Unit>> }
);

export const GUEST_IMAGE = "debian-12-genericcloud-amd64.qcow2";
export const CRICTL_ARCHIVE = "crictl-v1.30.0-linux-amd64.tar.gz";
export const CNI_PLUGINS_ARCHIVE = "cni-plugins-linux-amd64-v1.3.0.tgz";
const PAUSE_VERSION = "3.9";

/** Argo CD's one program takes its role from the name that it is started by. */
const ARGOCD_NAMES = [
  ...["server", "repo-server", "cmp-server", "application-controller", "dex", "notifications"],
  ...["applicationset-controller", "k8s-auth"],
];

/** The images that have Kubernetes' own version. */
export type KubernetesImage = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kube-proxy";

export type ImageName =
  | (KubernetesImage | "etcd" | "coredns" | "pause")
  | ("flannel" | "flannel-cni-plugin" | "kube-router")
  | ("argocd" | "redis" | "sealed-secrets-controller" | "podinfo")
  | ("metrics-server" | "local-path-provisioner" | "busybox" | "registry");

/** Declares all units for one version of the Go toolchain, `go1.26.8`, which is an input of every program. */
export function declareUnits(goVersion: string): Units {
  const go = Object.fromEntries(
    Object.entries(GO_COMPONENTS).map(([name, component]) => [name, goUnit(component, goVersion)]),
  ) as Record<GoComponentName, Unit>;
  const machine = machineDisk({ name: "machine-disk", root: MACHINE, sizeGiB: 20 });
  const base = debianLayer({ name: "layer-base", root: CONTAINER_BASE });
  const network = debianLayer({ name: "layer-network", root: CONTAINER_NETWORK, over: base });
  const argocd = debianLayer({ name: "layer-argocd", root: CONTAINER_ARGOCD, over: base });
  const redis = debianLayer({ name: "layer-redis", root: CONTAINER_REDIS, over: base });
  const busybox = busyboxLayer();
  const plain = staticLayer(base);
  const pause = pauseProgram(go.kubernetes, PAUSE_VERSION);
  const archives = {
    crictl: archive(CRICTL_ARCHIVE, go.crictl, Object.keys(GO_COMPONENTS.crictl.programs)),
    cniPlugins: archive(CNI_PLUGINS_ARCHIVE, go["cni-plugins"], Object.keys(GO_COMPONENTS["cni-plugins"].programs)),
  };

  /** An image of one component's programs: path in the image → program. */
  const make = (
    name: string,
    layers: readonly Unit[],
    unit: Unit,
    programs: Readonly<Record<string, string>>,
    rest: Partial<ImageArgs> = {},
  ): Unit => {
    const files = Object.entries(programs).map(([path, output]) => [path, { unit, output }] as const);
    return image({ name, layers, config: {}, ...rest, files: { ...Object.fromEntries(files), ...rest.files } });
  };
  const kubernetes = (unit: Unit, suffix = ""): Record<KubernetesImage, Unit> => {
    const of = (name: KubernetesImage, layers: readonly Unit[]): Unit =>
      make(`${name}${suffix}`, layers, unit, { [`usr/local/bin/${name}`]: name });
    return {
      "kube-apiserver": of("kube-apiserver", [plain]),
      "kube-controller-manager": of("kube-controller-manager", [plain]),
      "kube-scheduler": of("kube-scheduler", [plain]),
      "kube-proxy": of("kube-proxy", [base, network]),
    };
  };
  const argocdImage = (unit: Unit, suffix = ""): Unit =>
    make(
      `argocd${suffix}`,
      [base, argocd],
      unit,
      {
        "usr/local/bin/argocd": "argocd",
        "usr/local/bin/entrypoint.sh": "entrypoint.sh",
        "usr/local/bin/gpg-wrapper.sh": "gpg-wrapper.sh",
        "usr/local/bin/git-verify-wrapper.sh": "git-verify-wrapper.sh",
      },
      {
        files: {
          "usr/local/bin/helm": { unit: go.helm, output: "helm" },
          "usr/local/bin/kustomize": { unit: go.kustomize, output: "kustomize" },
        },
        links: {
          ...Object.fromEntries(ARGOCD_NAMES.map((name) => [`usr/local/bin/argocd-${name}`, "/usr/local/bin/argocd"])),
          "usr/local/bin/uid_entrypoint.sh": "/usr/local/bin/entrypoint.sh",
          "etc/ssh/ssh_known_hosts": "/app/config/ssh/ssh_known_hosts",
        },
        texts: { "app/config/ssh/ssh_known_hosts": "" },
        directories: {
          "app/config/tls": {},
          "app/config/gpg/source": {},
          "app/config/gpg/keys": { owner: [999, 0], mode: 0o700 },
          "home/argocd": { owner: [999, 0], mode: 0o775 },
        },
        config: {
          entrypoint: ["/usr/bin/tini", "--"],
          user: "999",
          workingDirectory: "/home/argocd",
          // Argo CD 2.7's default list names ciphers that Go has dropped since; Argo CD exits at the first of them.
          env: { USER: "argocd", ARGOCD_TLS_CIPHERS: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
        },
      },
    );

  const images: Record<ImageName, Unit> = {
    ...kubernetes(go.kubernetes),
    etcd: make("etcd", [plain], go.etcd, {
      "usr/local/bin/etcd": "etcd",
      "usr/local/bin/etcdctl": "etcdctl",
      "usr/local/bin/etcdutl": "etcdutl",
    }),
    coredns: make("coredns", [plain], go.coredns, { coredns: "coredns" }, { config: { entrypoint: ["/coredns"] } }),
    pause: make("pause", [], pause, { pause: "pause" }, { config: { entrypoint: ["/pause"], user: "65535:65535" } }),
    flannel: make(
      "flannel",
      [base, network],
      go.flannel,
      { "opt/bin/flanneld": "flanneld" },
      { config: { entrypoint: ["/opt/bin/flanneld"] } },
    ),
    // Its pod copies the plugin to the node with `cp`: a layer with the program alone isn't enough.
    "flannel-cni-plugin": make("flannel-cni-plugin", [base, network], go["cni-flannel"], { flannel: "flannel" }),
    "kube-router": make(
      "kube-router",
      [base, network],
      go["kube-router"],
      { "usr/local/bin/kube-router": "kube-router" },
      { config: { entrypoint: ["/usr/local/bin/kube-router"] } },
    ),
    argocd: argocdImage(go.argocd),
    redis: image({
      name: "redis",
      layers: [base, redis],
      directories: { data: { owner: [999, 999] } },
      // The official image is compiled without protected mode and puts `redis-server` before arguments.
      config: { entrypoint: ["/usr/bin/redis-server", "--protected-mode", "no"], workingDirectory: "/data" },
    }),
    "sealed-secrets-controller": make(
      "sealed-secrets-controller",
      [plain],
      go["sealed-secrets"],
      { "usr/local/bin/controller": "controller" },
      { config: { entrypoint: ["controller"], user: "1001" } },
    ),
    podinfo: make(
      "podinfo",
      [plain],
      go.podinfo,
      { "home/app/podinfo": "podinfo", "usr/local/bin/podcli": "podcli", "home/app/ui": "ui" },
      { config: { entrypoint: ["./podinfo"], user: "65532", workingDirectory: "/home/app" } },
    ),
    "metrics-server": make(
      "metrics-server",
      [plain],
      go["metrics-server"],
      { "metrics-server": "metrics-server" },
      { config: { entrypoint: ["/metrics-server"], user: "65534" } },
    ),
    "local-path-provisioner": make("local-path-provisioner", [plain], go["local-path-provisioner"], {
      "usr/bin/local-path-provisioner": "local-path-provisioner",
    }),
    busybox: image({ name: "busybox", layers: [plain, busybox], config: {} }),
    registry: make("registry", [plain], go.registry, { "bin/registry": "registry" }),
  };

  const releases: Release[] = [
    ...EARLIER_KUBERNETES.map((version) => {
      const programs = goUnit(earlierKubernetes(version), goVersion);
      return { part: "kubernetes" as const, version, programs, images: kubernetes(programs, `-${version}`) };
    }),
    ...LATER_ARGOCD.map((version) => {
      const programs = goUnit(laterArgoCd(version), goVersion);
      const ofRelease = { argocd: argocdImage(programs, `-${version}`), redis: images.redis };
      return { part: "argocd" as const, version, programs, images: ofRelease };
    }),
  ];

  const { crane, registry, kubernetes: kube, etcd, coredns, crictl, ...rest } = go;
  const cluster = [kube, base, plain, pause, network, etcd, coredns, crictl, go["cni-plugins"]];
  // The pages come long before Argo CD, which waits for them, and not beside Kubernetes: both take 2 GB of memory.
  const gitops = [...go.argocd.needs, argocd, redis, busybox, ...Object.values(rest)];
  const ordered = [
    machine,
    crane,
    registry,
    ...cluster,
    ...Object.values(archives),
    ...gitops,
    ...Object.values(images),
  ];
  const virtual = {
    hypervisor: machineDisk({ name: "hypervisor-disk", root: HYPERVISOR, sizeGiB: 20 }),
    guest: guestImage({ root: GUEST, file: GUEST_IMAGE, sizeMiB: 2048 }),
  };
  const debian = [machine, base, network, argocd, redis, busybox, ...Object.values(virtual)];
  return { go, machine, archives, images, virtual, releases, debian, ordered: [...new Set(ordered)] };
}
