// Does not prove that the pins build or run: packages/mirror/test/built does.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unitKey } from "../../units/unit";
import { builtFiles, builtGuestFiles, builtImages, builtRelease, hostTools } from "../../catalogue/artifacts";
import {
  EARLIER_KUBERNETES,
  earlierKubernetes,
  GO_COMPONENTS,
  LATER_ARGOCD,
  laterArgoCd,
} from "../../catalogue/go-components";
import { PULUMI_COMPONENTS } from "../../pulumi/components";
import { declareUnits } from "../../catalogue/units";

const PROJECT = join(__dirname, "../../../..");
const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");
const units = declareUnits("go1.26.8");

describe("Go components", () => {
  it("are exactly the folders", () => {
    const earlier = EARLIER_KUBERNETES.map((version) => earlierKubernetes(version));
    const later = LATER_ARGOCD.map((version) => laterArgoCd(version));
    const names = [...Object.values(GO_COMPONENTS), ...Object.values(PULUMI_COMPONENTS), ...earlier, ...later].map(
      ({ name }): string => name,
    );
    expect(names.sort()).toEqual(readdirSync(join(PROJECT, "packages/mirror/modules")).sort());
  });

  it("of Pulumi have the versions of the npm packages", () => {
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    const { cli, languageHost, kubernetesPlugin } = PULUMI_COMPONENTS;
    expect([cli.version, kubernetesPlugin.version]).toEqual([
      dependencies["pulumi"],
      dependencies["@pulumi/kubernetes"],
    ]);
    const pins = [
      [cli, `github.com/pulumi/pulumi/pkg/v3 v${cli.version}`],
      [languageHost, `github.com/pulumi/pulumi/sdk/v3 v${languageHost.version}`],
      // The commit of release 4.25.0.
      [kubernetesPlugin, "github.com/pulumi/pulumi-kubernetes/provider/v4 v4.0.0-20260115033456-f47bc2d6f199"],
    ] as const;
    for (const [{ name }, pin] of pins) expect(read(`packages/mirror/modules/${name}/go.mod`)).toContain(pin);
  });

  /** Module whose version is the component's. */
  const MODULES: Record<keyof typeof GO_COMPONENTS, string> = {
    crane: "github.com/google/go-containerregistry v0.20.2",
    registry: "github.com/distribution/distribution/v3 v3.0.0",
    kubernetes: "k8s.io/kubernetes v1.27.4",
    etcd: "go.etcd.io/etcd/server/v3 v3.5.7",
    coredns: "github.com/coredns/coredns v1.10.1",
    crictl: "github.com/kubernetes-sigs/cri-tools v1.30.0",
    "cni-plugins": "github.com/containernetworking/plugins v1.3.0",
    "cni-flannel": "github.com/containernetworking/plugins v0.9.1",
    flannel: "github.com/flannel-io/flannel v0.26.7",
    "kube-router": "github.com/cloudnativelabs/kube-router/v2 v2.1.0",
    helm: "helm.sh/helm/v3 v3.14.4",
    kustomize: "sigs.k8s.io/kustomize/kustomize/v5 v5.0.1",
    argocd: "github.com/argoproj/argo-cd/v2 v2.7.15",
    "sealed-secrets": "github.com/bitnami-labs/sealed-secrets v0.36.6",
    // The tag 6.9.2 as Go writes it: the module's own major version is 1.
    podinfo: "github.com/stefanprodan/podinfo v1.8.1-0.20250910200901-e86405a8674e",
    "metrics-server": "sigs.k8s.io/metrics-server v0.6.3",
    "local-path-provisioner": "github.com/rancher/local-path-provisioner v0.0.30",
  };

  it.each(Object.entries(MODULES))("%s is pinned to %s", (name, module) => {
    expect(read(`packages/mirror/modules/${name}/go.mod`)).toContain(module);
    const version = GO_COMPONENTS[name as keyof typeof GO_COMPONENTS].version;
    if (name !== "podinfo") expect(module.endsWith(` v${version}`)).toBe(true);
  });
});

it("earlier releases of Kubernetes are pinned, under the same names, to modules of their own", () => {
  const releases = units.releases.filter(({ part }) => part === "kubernetes");
  expect(releases.map(({ version }) => version)).toEqual(["1.27.3"]);
  for (const release of releases) {
    const { version } = release;
    expect(read(`packages/mirror/modules/kubernetes-${version}/go.mod`)).toContain(`k8s.io/kubernetes v${version}`);
    const { files, images } = builtRelease(release);
    const ofVersion = [...builtFiles(units), ...builtImages(units)].filter((built) => built.version === "1.27.4");
    expect([...files, ...images].map(({ path }) => path)).toEqual(
      ofVersion.map(({ path }) => path.replaceAll("1.27.4", version)),
    );
    for (const { unit } of [...files, ...images]) expect(units.ordered).not.toContain(unit);
  }
});

it("later releases of Argo CD are pinned to modules of their own, with the Redis of their manifests", () => {
  const releases = units.releases.filter(({ part }) => part === "argocd");
  expect(releases.map(({ version }) => version)).toEqual(["2.13.9"]);
  for (const release of releases) {
    const { version } = release;
    expect(read(`packages/mirror/modules/argocd-${version}/go.mod`)).toContain(`argoproj/argo-cd/v2 v${version}`);
    const { files, images } = builtRelease(release);
    expect([files, images.map(({ name, path }) => `${name} ${path}`)]).toEqual([
      [],
      [`argocd quay.io/argoproj/argocd:v${version}`, "redis docker.io/library/redis:7.0.15-alpine"],
    ]);
    expect(units.ordered).not.toContain(release.programs);
    expect(images.map(({ unit }) => units.ordered.includes(unit))).toEqual([false, true]);
  }
});

describe("units", () => {
  it("have names of their own, and come after what they need", () => {
    expect(new Set(units.ordered.map(({ name }) => name)).size).toBe(units.ordered.length);
    units.ordered.forEach((unit, index) => {
      for (const need of unit.needs) expect(units.ordered.slice(0, index), unit.name).toContain(need);
    });
  });

  it("depend on the toolchain only where something is compiled", () => {
    const other = declareUnits("go1.27.0");
    const moved = units.ordered.filter((unit, index) => unitKey(unit) !== unitKey(other.ordered[index] ?? unit));
    expect(moved).toContain(units.images.argocd);
    expect(moved).not.toContain(units.machine);
    expect(moved).not.toContain(units.images.redis);
  });

  it("leave virtual machines out unless asked", () => {
    for (const unit of Object.values(units.virtual)) {
      expect(units.ordered).not.toContain(unit);
      expect(units.debian).toContain(unit);
    }
  });

  it("are expected to take less than half an hour on two cores, two at a time", () => {
    const seconds = units.ordered.reduce((sum, unit) => sum + unit.seconds, 0);
    expect(seconds).toBeLessThan(45 * 60); // two at a time
  });
});

describe("artifacts", () => {
  const requested = units.releases.flatMap((release) => builtRelease(release).images);
  const images = [...builtImages(units), ...requested].map(({ path }) => path);

  it("are the files that a node installs", () => {
    expect(builtFiles(units).map(({ name, path }) => `${name} ${path}`)).toEqual([
      "kubelet dl.k8s.io/release/v1.27.4/bin/linux/amd64/kubelet",
      "kubeadm dl.k8s.io/release/v1.27.4/bin/linux/amd64/kubeadm",
      "kubectl dl.k8s.io/release/v1.27.4/bin/linux/amd64/kubectl",
      "crictl github.com/kubernetes-sigs/cri-tools/releases/download/v1.30.0/crictl-v1.30.0-linux-amd64.tar.gz",
      "cni-plugins github.com/containernetworking/plugins/releases/download/v1.3.0/cni-plugins-linux-amd64-v1.3.0.tgz",
    ]);
  });

  it("have the guest image where Debian has its own", () => {
    expect(builtGuestFiles(units)).toMatchObject([
      {
        name: "guest-image",
        version: "12",
        path: "cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2",
        output: "debian-12-genericcloud-amd64.qcow2",
        unit: units.virtual.guest,
      },
    ]);
  });

  it.each([
    ["components/gitops/manifests/argocd-v2.7.15-install.yaml", ["ghcr.io/dexidp/dex:v2.37.0"]],
    ["components/gitops/manifests/argocd-v2.13.9-install.yaml", ["ghcr.io/dexidp/dex:v2.41.1"]],
    ["components/gitops/manifests/sealed-secrets-2.18.4.yaml", []],
    ["components/kubernetes/manifests/kube-flannel-v0.26.7.yaml", []],
  ])("have every image of %s, but for those that are left out on purpose", (manifest, leftOut: string[]) => {
    const named = [...read(manifest).matchAll(/^\s*(?:- )?image: "?([^\s"]+)"?$/gm)].map((match) => match[1] ?? "");
    // Without a host it is the Docker Hub, without a folder its library.
    const full = named.map((image) => (image.split("/").length === 1 ? `docker.io/library/${image}` : image));
    expect(full.length).toBeGreaterThan(0);
    expect([...new Set(full)].filter((image) => !images.includes(image))).toEqual(leftOut);
  });

  it("have every image that the starter's applications name", () => {
    const starter = join(PROJECT, "gitops/apps");
    const files = readdirSync(starter, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));
    const text = files.map((file) => readFileSync(join(starter, file), "utf8")).join("\n");
    const tagged = [...text.matchAll(/ image: (\S+:\S+)$/gm)].map((match) => match[1]);
    const byKustomize = [...text.matchAll(/ name: (\S+)\n\s+newTag: "?([^"\s]+)"?$/gm)].map(
      (match) => `${match[1] ?? ""}:${match[2] ?? ""}`,
    );
    expect(byKustomize.length).toBeGreaterThanOrEqual(4);
    expect(tagged.length).toBeGreaterThanOrEqual(1);
    expect([...tagged, ...byKustomize].filter((image) => !images.includes(image ?? ""))).toEqual([]);
  });

  it("have what kubeadm 1.27.4 lists", () => {
    expect(images).toEqual(
      expect.arrayContaining([
        "registry.k8s.io/kube-apiserver:v1.27.4",
        "registry.k8s.io/kube-controller-manager:v1.27.4",
        "registry.k8s.io/kube-scheduler:v1.27.4",
        "registry.k8s.io/kube-proxy:v1.27.4",
        "registry.k8s.io/pause:3.9",
        "registry.k8s.io/etcd:3.5.7-0",
        "registry.k8s.io/coredns/coredns:v1.10.1",
      ]),
    );
  });

  it("bring the tools that the operator's commands call", () => {
    expect(hostTools(units).map(({ name }) => name)).toEqual(["crane", "registry", "kubectl", "kubeseal", "helm"]);
  });
});
