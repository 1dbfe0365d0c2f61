import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const CLONE = join(__dirname, "..", "..", "..");

/** The starter repository, and the CustomResourceDefinitions beside it: files of this clone, as samples. */
export const STARTER = join(CLONE, "gitops");
export const MANIFESTS = join(CLONE, "components", "gitops", "manifests");

/** A small repository that keeps every rule: one environment, one application. */
const GOOD: Readonly<Record<string, string>> = {
  "applications/staging/kustomization.yaml": "resources: [web.yaml]\n",
  "applications/staging/web.yaml": `apiVersion: v1
kind: Namespace
metadata:
  name: web
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: web
spec:
  sourceRepos: [ssh://git@git.example.org/infra.git]
  destinations:
    - { server: https://kubernetes.default.svc, namespace: web }
  namespaceResourceWhitelist:
    - { group: apps, kind: Deployment }
    - { group: networking.k8s.io, kind: NetworkPolicy }
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
spec:
  project: web
  source:
    repoURL: ssh://git@git.example.org/infra.git
    targetRevision: HEAD
    path: apps/web/overlays/staging
  destination:
    server: https://kubernetes.default.svc
    namespace: web
`,
  "apps/web/overlays/staging/kustomization.yaml": "resources: [deployment.yaml, network-policy.yaml]\n",
  "apps/web/overlays/staging/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: example.org/web:1.0.0
          readinessProbe:
            httpGet: { path: /, port: 80 }
          resources:
            requests: { cpu: 10m, memory: 16Mi }
            limits: { memory: 32Mi }
`,
  "apps/web/overlays/staging/network-policy.yaml": `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
`,
};

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-fixture-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;

export const DEPLOYMENT = "apps/web/overlays/staging/deployment.yaml";
export const OVERLAY = "apps/web/overlays/staging/kustomization.yaml";
export const ROOT = "applications/staging/web.yaml";

/** The good repository with some files changed: replaced by a text, or edited: `[from, to]`. @returns its folder */
export function repository(changes: Readonly<Record<string, string | readonly [string, string]>> = {}): string {
  const contents: Record<string, string> = { ...GOOD };
  for (const [file, change] of Object.entries(changes)) {
    if (typeof change === "string") contents[file] = change;
    else if (contents[file]?.includes(change[0])) contents[file] = contents[file].replace(change[0], change[1]);
    else throw new Error(`${file} doesn't have ${change[0]}`);
  }
  return files(contents);
}

/** A folder with these files. @returns its path */
export function files(contents: Readonly<Record<string, string | Buffer>>): string {
  const directory = join(scratch, String(count++));
  for (const [file, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return directory;
}
