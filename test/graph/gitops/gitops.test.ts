/**
 * Which resources the GitOps components register, with what and after what. Doesn't prove that the cluster takes them.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Artifact } from "../../../components/artifacts/artifact";
import { ArgoCd } from "../../../components/gitops/argocd";
import { argoCdObjects } from "../../../components/gitops/argocd-manifest";
import { readManifest } from "../../../components/gitops/manifest";
import { RootApplication } from "../../../components/gitops/root-application";
import { SealedSecrets } from "../../../components/gitops/sealed-secrets";
import { record, registered, reveal, secretValue, type Registered } from "./recorder";

const REPOSITORY = "ssh://git@10.78.0.10/srv/git/infra.git";
const DIGEST = `sha256:${"0".repeat(64)}`;
const IMAGES = [
  "quay.io/argoproj/argocd:v2.7.15",
  "docker.io/library/redis:7.0.14-alpine",
  "docker.io/bitnami/sealed-secrets-controller:0.36.6",
];
const artifacts: Artifact[] = IMAGES.map((path) => ({ kind: "image", name: path, version: "1", path, digest: DIGEST }));
const certificate = readFileSync(join(__dirname, "certificate.pem"), "utf8");

const SETTINGS = { applicationSets: true, reconciliationSeconds: 60 };

let argocd: ArgoCd;
let sealedSecrets: SealedSecrets;

function find(name: string): Registered {
  const found = registered.find((resource) => resource.name === name);
  if (!found) throw new Error(`no resource ${name} among\n${registered.map((resource) => resource.name).join("\n")}`);
  return found;
}

/** The content of a Secret, which the program must have marked as secret. */
function decoded(name: string): Record<string, string> {
  const data = secretValue(find(name).inputs["data"]) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

const position = (name: string): number => registered.indexOf(find(name));

beforeAll(async () => {
  await record();
  const provider = new k8s.Provider("cluster", { kubeconfig: "{}" });
  argocd = new ArgoCd("argocd", {
    version: "2.7.15",
    provider,
    artifacts,
    repository: { url: REPOSITORY, deployKey: pulumi.secret("the deploy key\n"), hostKeys: ["ssh-ed25519 AAAA"] },
    nodePort: { address: "10.78.0.11", port: 30443 },
    ...SETTINGS,
  });
  sealedSecrets = new SealedSecrets("sealed-secrets", {
    version: "2.18.4",
    provider,
    artifacts,
    keys: [{ certificate, privateKey: pulumi.secret("the sealing key\n") }],
    protectKeys: false,
  });
  new RootApplication(
    "root",
    { provider, repoURL: REPOSITORY, targetRevision: "HEAD", path: "applications" },
    { dependsOn: [...argocd.ready, ...sealedSecrets.ready] },
  );
  // Registration is asynchronous; the root comes last, since it waits for everything else.
  await vi.waitFor(() => find("root-application"), { timeout: 100_000 });
}, 120_000);

describe("Argo CD", () => {
  it("has these children beside the manifest's", () => {
    const own = registered.filter(({ name }) => /^argocd(?!-(definitions|parts)-)[a-z-]*$/.test(name));
    expect(own.map(({ name, type }) => [name, type]).sort()).toEqual([
      ["argocd", "gitops-platform:gitops:ArgoCd"],
      ["argocd-admin", "random:index/randomPassword:RandomPassword"],
      ["argocd-default-project", "kubernetes:argoproj.io/v1alpha1:AppProject"],
      ["argocd-known-hosts", "kubernetes:core/v1:ConfigMap"],
      ["argocd-namespace", "kubernetes:core/v1:Namespace"],
      ["argocd-redis", "random:index/randomPassword:RandomPassword"],
      ["argocd-redis-secret", "kubernetes:core/v1:Secret"],
      ["argocd-repository", "kubernetes:core/v1:Secret"],
      ["argocd-secret", "kubernetes:core/v1:Secret"],
      ["argocd-signature", "random:index/randomPassword:RandomPassword"],
      ["argocd-webhook", "random:index/randomPassword:RandomPassword"],
    ]);
  });

  it("registers every object of the manifest under the type of the SDK, named by group, kind and name", () => {
    const objects = registered.filter(({ name }) => /^argocd-(definitions|parts)-/.test(name));
    const nodePort = 1;
    expect(objects).toHaveLength(
      argoCdObjects(readManifest("argocd-v2.7.15-install.yaml"), SETTINGS).length + nodePort,
    );
    expect(find("argocd-parts-deployment-argocd-redis").type).toBe("kubernetes:apps/v1:Deployment");
    expect(find("argocd-parts-service-argocd-redis").type).toBe("kubernetes:core/v1:Service");
    expect(find("argocd-definitions-customresourcedefinition-applications.argoproj.io").type).toBe(
      "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    );
  });

  it("installs in order: namespace, definitions and Secrets, then what runs", () => {
    const definition = (plural: string): string => `argocd-definitions-customresourcedefinition-${plural}.argoproj.io`;
    const order = ["argocd-namespace", definition("applications"), "argocd-parts-deployment-argocd-repo-server"];
    const positions = order.map(position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(position("argocd-redis-secret")).toBeLessThan(position("argocd-parts-deployment-argocd-redis"));
    expect(position("argocd-secret")).toBeLessThan(position("argocd-parts-deployment-argocd-server"));
    expect(position(definition("appprojects"))).toBeLessThan(position("argocd-default-project"));
  });

  it("knows the admin by a hash, with a fixed time", () => {
    expect(decoded("argocd-secret")).toEqual({
      "admin.password": "argocd-admin-hash",
      "admin.passwordMtime": "2023-06-01T00:00:00Z",
      "server.secretkey": "argocd-signature-result",
      "webhook.gitlab.secret": "argocd-webhook-result",
    });
  });

  it("gives Redis its password as a file", () => {
    expect(decoded("argocd-redis-secret")).toEqual({
      auth: "argocd-redis-result",
      "redis.conf": "requirepass argocd-redis-result\n",
    });
  });

  it("may read the repository", () => {
    expect(find("argocd-repository").inputs["metadata"]).toEqual({
      name: "infrastructure-repository",
      namespace: "argocd",
      labels: { "argocd.argoproj.io/secret-type": "repository" },
    });
    expect(decoded("argocd-repository")).toEqual({
      type: "git",
      url: REPOSITORY,
      sshPrivateKey: "the deploy key\n",
    });
  });

  it("trusts the repository's server and no other", () => {
    expect(find("argocd-known-hosts").inputs["data"]).toEqual({ ssh_known_hosts: "10.78.0.10 ssh-ed25519 AAAA\n" });
  });

  it("runs pinned images only", () => {
    const images = JSON.stringify(registered).match(/"image":"[^"]+"/g) ?? [];
    expect([...new Set(images)].sort()).toEqual(IMAGES.map((image) => `"image":"${image}@${DIGEST}"`).sort());
  });

  it("says where it is and keeps the passwords secret", async () => {
    expect(await reveal(argocd.url)).toEqual({ value: "https://10.78.0.11:30443", secret: false });
    expect(await reveal(argocd.adminPassword)).toEqual({ value: "argocd-admin-result", secret: true });
    expect(await reveal(argocd.webhookSecret)).toEqual({ value: "argocd-webhook-result", secret: true });
  });
});

describe("Sealed Secrets", () => {
  it("has its key before the controller", () => {
    const key = registered.find(({ name }) => name.startsWith("sealed-secrets-key-"));
    expect(key?.inputs).toMatchObject({
      type: "kubernetes.io/tls",
      metadata: {
        name: key?.name,
        namespace: "kube-system",
        labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" },
      },
    });
    expect(decoded(key?.name ?? "")).toEqual({ "tls.crt": certificate, "tls.key": "the sealing key\n" });
    const controller = position("sealed-secrets-controller-deployment-sealed-secrets-controller");
    expect(position(key?.name ?? "")).toBeLessThan(controller);
  });

  it("publishes the certificate", async () => {
    const published = new Promise((resolve) => sealedSecrets.certificate.apply(resolve));
    expect(await published).toBe(certificate);
  });
});

describe("the root Application", () => {
  it("is the mission's, field by field, and counts when it is synced and healthy", () => {
    expect(find("root-application").inputs).toEqual({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: {
        name: "infrastructure-root",
        namespace: "argocd",
        annotations: {
          "pulumi.com/waitFor": '["jsonpath={.status.sync.status}=Synced","jsonpath={.status.health.status}=Healthy"]',
          "pulumi.com/timeoutSeconds": "600",
        },
      },
      spec: {
        project: "default",
        source: { repoURL: REPOSITORY, targetRevision: "HEAD", path: "applications" },
        destination: { server: "https://kubernetes.default.svc", namespace: "argocd" },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    });
  });

  it("comes after what its first comparison and its SealedSecrets need", () => {
    const needed = [
      "argocd-default-project",
      "argocd-repository",
      "argocd-parts-deployment-argocd-redis",
      "argocd-parts-deployment-argocd-repo-server",
      "sealed-secrets-controller-deployment-sealed-secrets-controller",
    ];
    expect(Math.max(...needed.map(position))).toBeLessThan(position("root-application"));
  });
});
