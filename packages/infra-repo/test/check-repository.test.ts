/**
 * Every rule of `npm run check-gitops` on a repository that breaks it, rendered by the real kustomize and held against
 * Kubernetes' real schemas. Not proved here: that Argo CD refuses the same (drills), and what charts bring.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { checkRepository } from "../check-repository";
import { readFiles } from "../files";
import { loadSchemas } from "../load-schemas";
import { loadRenderers } from "../renderers";
import type { Renderers } from "../rendering";
import { overlays, rootPaths } from "../roots";
import type { Schemas } from "../schemas";
import { withStandIns } from "../working-copy";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";
import { DEPLOYMENT, files, MANIFESTS, OVERLAY, ROOT, repository, STARTER } from "./fixture";

let renderers: Renderers;
let schemas: () => Schemas;

beforeAll(async () => {
  // On a computer without the programs they are built here, once.
  schemas = await loadSchemas(MANIFESTS, cacheDirectory(), () => undefined);
  renderers = await loadRenderers(cacheDirectory(), () => undefined);
}, 600_000);

async function problems(
  changes: Parameters<typeof repository>[0],
  mirrorImages?: ReadonlySet<string>,
): Promise<readonly string[]> {
  const args = { repository: repository(changes), renderers, schemas: schemas() };
  return (await checkRepository(mirrorImages ? { ...args, mirrorImages } : args)).problems;
}

const PLACE = "apps/web/overlays/staging: Deployment web/web";
const CONTAINER = "spec.template.spec.containers[0]";
const SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: password\nstringData:\n  password: hunter2\n";

test("a repository that keeps every rule has no problem", async () => {
  expect(await problems({})).toEqual([]);
});

test("the starter renders, every overlay and every root path", async () => {
  await withStandIns(STARTER, false, async (copy) => {
    const roots = rootPaths(copy, readFiles(copy));
    expect([...roots.keys()]).toEqual(["local", "production", "staging"]);
    for (const folder of [...roots.values(), ...overlays(copy)])
      expect("objects" in (await renderers.kustomize(copy, folder)), folder).toBe(true);
  });
}, 60_000);

describe("each broken file is named with what is wrong and what to do", () => {
  const cases: readonly [string, Parameters<typeof repository>[0], readonly string[]][] = [
    [
      "invalid YAML",
      { [DEPLOYMENT]: ["replicas: 2", "replicas: [2"] },
      [
        "apps/web/overlays/staging/deployment.yaml:7 — can't be read as YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; correct it, or list the file in policy-exceptions.yaml with a reason [yaml]",
        "apps/web/overlays/staging — can't be rendered: ",
      ],
    ],
    [
      "an unknown field",
      { [DEPLOYMENT]: ["replicas:", "replica:"] },
      [`${PLACE} spec.replica — is not a known field; did you mean replicas? [schema]`],
    ],
    [
      "a wrong type",
      { [DEPLOYMENT]: ["replicas: 2", 'replicas: "two"'] },
      [`${PLACE} spec.replicas — has the wrong type (got "two", need integer); correct it [schema]`],
    ],
    [
      "a missing field",
      { [DEPLOYMENT]: ["  selector:\n    matchLabels: { app: web }\n", ""] },
      [`${PLACE} spec.selector — is missing; add it [schema]`],
    ],
    [
      "an unknown field of a custom resource",
      { [ROOT]: ["targetRevision", "targetRevison"] },
      [
        "applications/staging: Application argocd/web spec.source.targetRevison — is not a known field; did you mean targetRevision? [schema]",
      ],
    ],
    [
      "a kind of another version",
      { [DEPLOYMENT]: ["apiVersion: apps/v1", "apiVersion: apps/v1beta1"] },
      [
        `${PLACE} apiVersion — apps/v1beta1 has no kind Deployment in Kubernetes 1.27 or a known extension; write apiVersion: apps/v1 [schema]`,
      ],
    ],
    [
      "a file that isn't there",
      { [OVERLAY]: ["deployment.yaml", "deploymnt.yaml"] },
      [
        "apps/web/overlays/staging — can't be rendered: deploymnt.yaml is listed and doesn't exist; correct the file and render again [render]",
      ],
    ],
    [
      "a plain Secret that nothing lists",
      { "apps/web/overlays/staging/secret.yaml": SECRET },
      [
        "apps/web/overlays/staging/secret.yaml:1: Secret password — is a Secret in clear (password); seal it (npm run seal -- STACK NAMESPACE NAME KEY=-), and change the value wherever it is used: Git never forgets [plain-secret]",
      ],
    ],
    [
      "a generated Secret",
      { [OVERLAY]: ["resources:", "kind: Kustomization\nsecretGenerator: [{ name: s, literals: [a=b] }]\nresources:"] },
      [
        "apps/web/overlays/staging/kustomization.yaml:1: Secret s secretGenerator — makes a Secret in clear; seal it (npm run seal -- STACK NAMESPACE NAME KEY=-), and change the value wherever it is used: Git never forgets [plain-secret]",
        "apps/web/overlays/staging: Secret web/s-",
        "apps/web/overlays/staging: Secret web/s-",
      ],
    ],
    [
      "the tag latest",
      { [DEPLOYMENT]: [":1.0.0", ":latest"] },
      [
        `${PLACE} ${CONTAINER}.image — example.org/web:latest is whatever was pushed last; name a version, in the kustomization's images [image-tag]`,
      ],
    ],
    [
      "no tag, on a registry with a port",
      { [DEPLOYMENT]: ["example.org/web:1.0.0", "example.org:5000/web"] },
      [
        `${PLACE} ${CONTAINER}.image — example.org:5000/web has no tag; name a version, in the kustomization's images [image-tag]`,
      ],
    ],
    [
      "missing limits",
      { [DEPLOYMENT]: ["            limits: { memory: 32Mi }\n", ""] },
      [
        `${PLACE} ${CONTAINER}.resources — lacks limits.memory (container web); set them, in the overlay's patch-resources.yaml [resources]`,
      ],
    ],
    [
      "a privileged container",
      {
        [DEPLOYMENT]: ["          resources:", "          securityContext: { privileged: true }\n          resources:"],
      },
      [
        `${PLACE} ${CONTAINER}.securityContext.privileged — may do everything on its node (container web); remove it, or list it in policy-exceptions.yaml with a reason [privileged]`,
      ],
    ],
    [
      "the node's network and files",
      {
        [DEPLOYMENT]: [
          "      containers:",
          "      hostNetwork: true\n      volumes: [{ name: v, hostPath: { path: /etc } }]\n      containers:",
        ],
      },
      [
        `${PLACE} spec.template.spec.hostNetwork — shares the node's network; remove it, or list it in policy-exceptions.yaml with a reason [privileged]`,
        `${PLACE} spec.template.spec.volumes[0] — mounts /etc of the node (volume v); use a claim, or list it in policy-exceptions.yaml with a reason [host-path]`,
      ],
    ],
    [
      "a namespace without a Pod Security level",
      { [ROOT]: ["  labels:\n    pod-security.kubernetes.io/enforce: restricted\n", ""] },
      [
        "applications/staging: Namespace web metadata.labels[pod-security.kubernetes.io/enforce] — is missing (need baseline or restricted); add it [pod-security]",
      ],
    ],
    [
      "a namespace that nobody declares",
      { [ROOT]: ["kind: Namespace\nmetadata:\n  name: web", "kind: Namespace\nmetadata:\n  name: wob"] },
      [
        "apps/web/overlays/staging: Deployment web/web metadata.namespace — nothing in staging declares the namespace web; add it with its Pod Security label [namespace]",
      ],
    ],
    [
      "no readiness probe",
      { [DEPLOYMENT]: ["          readinessProbe:\n            httpGet: { path: /, port: 80 }\n", ""] },
      [
        `${PLACE} ${CONTAINER}.readinessProbe — is missing (container web): a broken rollout would count as done; add one, or list it in policy-exceptions.yaml with a reason [readiness]`,
      ],
    ],
    [
      "no policy that denies by default",
      { "apps/web/overlays/staging/network-policy.yaml": ["[Ingress, Egress]", "[Ingress]"] },
      [
        "apps/web/overlays/staging: Namespace web — has pods and no NetworkPolicy that denies by default; add one with podSelector: {} and both policyTypes [default-deny]",
      ],
    ],
    [
      "a kind that the project forbids",
      { [ROOT]: ["    - { group: apps, kind: Deployment }\n", ""] },
      [
        `${PLACE} — project web doesn't allow the kind Deployment; Argo CD would refuse the sync: remove the object, or add it to the project's namespaceResourceWhitelist [project]`,
      ],
    ],
    [
      "a namespace that the project doesn't reach",
      { [ROOT]: ["namespace: web }", "namespace: other }"] },
      [
        "applications/staging: Application argocd/web spec.destination — project web doesn't allow https://kubernetes.default.svc, namespace web; correct it, or add it to the project's destinations [project]",
      ],
    ],
    [
      "a project that doesn't exist",
      { [ROOT]: ["  project: web", "  project: wob"] },
      [
        "applications/staging: Application argocd/web spec.project — wob doesn't exist in this environment; add the AppProject beside the Application [project]",
      ],
    ],
    [
      "a chart whose version moves",
      {
        [ROOT]: [
          "kind: Application\nmetadata:\n  name: web\nspec:\n",
          "kind: Application\nmetadata:\n  name: chart\nspec:\n  project: default\n  source: { repoURL: https://charts.example.org, chart: c, targetRevision: 1.x }\n  destination: { server: https://kubernetes.default.svc, namespace: web }\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\nspec:\n",
        ],
      },
      [
        "applications/staging: Application argocd/chart spec.source.targetRevision — 1.x moves (need one exact version); name it [pinned-source]",
      ],
    ],
    [
      "an exception that nothing needs",
      { "policy-exceptions.yaml": "- { rule: readiness, object: Deployment web/web, reason: no longer true }\n" },
      [
        "policy-exceptions.yaml: Deployment web/web — allows readiness, which nothing breaks; remove the entry [exception]",
      ],
    ],
    [
      "an exception without a reason",
      { "policy-exceptions.yaml": "- { rule: readiness, object: Deployment web/web }\n" },
      ["policy-exceptions.yaml — can't be read: "],
    ],
  ];

  test.each(cases)("%s", async (_name, changes, expected) => {
    const found = await problems(changes);
    const sorted = [...expected].sort();
    // A sentence that ends in no rule is the beginning of one.
    const shown = found.map((sentence, index) =>
      sorted[index]?.endsWith("]") === false ? sentence.slice(0, sorted[index].length) : sentence,
    );
    expect(shown).toEqual(sorted);
  });
});

test("an exception with a reason silences its one finding", async () => {
  expect(
    await problems({
      [DEPLOYMENT]: ["          readinessProbe:\n            httpGet: { path: /, port: 80 }\n", ""],
      "policy-exceptions.yaml": "- { rule: readiness, object: Deployment web/web, reason: serves nothing at all }\n",
    }),
  ).toEqual([]);
});

test("an exception by place silences a Secret in clear and a file that is no YAML", async () => {
  expect(
    await problems({
      "docs/example/secret.yaml": SECRET,
      "docs/example/template.yaml": "{{ name }}: [",
      "policy-exceptions.yaml":
        "- { rule: plain-secret, object: Secret password, place: docs/*, reason: the example of the manual }\n" +
        "- { rule: yaml, place: docs/example/template.yaml, reason: a template of the manual }\n",
    }),
  ).toEqual([]);
});

test("what a nested Application deploys is judged, and counted", async () => {
  const nested = (name: string, path: string, namespace: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: ${name}, namespace: argocd }\nspec:\n  project: default\n  source: { repoURL: ssh://git@git.example.org/infra.git, path: ${path} }\n  destination: { server: https://kubernetes.default.svc, namespace: ${namespace} }\n`;
  const place = "workloads/leaf: Pod leaf/leaf";
  expect(
    await problems({
      "applications/staging/kustomization.yaml": "resources: [web.yaml, team.yaml]\n",
      "applications/staging/team.yaml": nested("team", "applications/team", "argocd"),
      "applications/team/leaf.yaml": nested("leaf", "workloads/leaf", "leaf"),
      "workloads/leaf/pod.yaml":
        "apiVersion: v1\nkind: Pod\nmetadata: { name: leaf }\nspec: { hostNetwork: true, containers: [{ name: leaf, image: 'leaf:latest', resources: { requests: { cpu: 1, memory: 1Mi }, limits: { memory: 1Mi } } }] }\n",
    }),
  ).toEqual([
    "workloads/leaf: Namespace leaf — has pods and no NetworkPolicy that denies by default; add one with podSelector: {} and both policyTypes [default-deny]",
    `${place} metadata.namespace — nothing in staging declares the namespace leaf; add it with its Pod Security label [namespace]`,
    `${place} spec.containers[0].image — leaf:latest is whatever was pushed last; name a version, in the kustomization's images [image-tag]`,
    `${place} spec.hostNetwork — shares the node's network; remove it, or list it in policy-exceptions.yaml with a reason [privileged]`,
  ]);
});

test("a folder without Applications is no repository that keeps every rule", async () => {
  const empty = files({ "README.md": "nothing" });
  const result = await checkRepository({ repository: empty, renderers, schemas: schemas() });
  expect(result.problems).toEqual([
    `${empty} — holds no Application and no overlay below apps/; give the folder of an infrastructure repository [render]`,
  ]);
});

test("a copy of the starter passes with what it seals for itself, and names what is off", async () => {
  await withStandIns(STARTER, false, async (copy) => {
    // The hub seals for the applications that are on.
    for (const name of ["local", "staging", "production"])
      rmSync(join(copy, "apps/registry/overlays", name, "sealed-secret.yaml"));
    const {
      problems: found,
      notes,
      objects,
    } = await checkRepository({ repository: copy, renderers, schemas: schemas() });
    expect(found).toEqual([]);
    expect(objects).toBeGreaterThan(100);
    expect(notes).toEqual(
      ["local", "production", "staging"].map(
        (name) =>
          `apps/registry/overlays/${name}: no Application points there, and sealed-secret.yaml is listed and doesn't exist`,
      ),
    );
  });
}, 60_000);

test("two Applications with one object are named", async () => {
  const second =
    "kind: Application\nmetadata:\n  name: second\nspec:\n  project: default\n  source: { repoURL: ssh://git@git.example.org/infra.git, path: apps/second/overlays/staging }\n  destination: { server: https://kubernetes.default.svc, namespace: web }\n---\napiVersion: argoproj.io/v1alpha1\n";
  expect(
    await problems({
      [ROOT]: ["kind: Application\n", `${second}kind: Application\n`],
      "apps/second/overlays/staging/kustomization.yaml": "resources: [network-policy.yaml]\n",
      "apps/second/overlays/staging/network-policy.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: default-deny\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]\n",
    }),
  ).toEqual([
    "apps/web/overlays/staging: NetworkPolicy web/default-deny — is in apps/second/overlays/staging, too, and two Applications would take it from each other; keep one [one-owner]",
  ]);
});

test("a kind that nothing defines is one problem, and not its namespace as well", async () => {
  expect(
    await problems({
      "applications/staging/kustomization.yaml": "resources: [web.yaml, other.yaml]\n",
      "applications/staging/other.yaml":
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: other }\nspec:\n  project: default\n  source: { repoURL: 'ssh://git@git.example.org/infra.git', path: other }\n  destination: { name: in-cluster, namespace: nowhere }\n",
      "other/a.yaml": "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: { name: a }\n",
      "other/b.yaml": "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: { name: b }\n",
    }),
  ).toEqual([expect.stringMatching(/^other: ClusterIssuer nowhere\/a apiVersion — cert-manager\.io\/v1 has no kind/)]);
});

test("an Application in another namespace than Argo CD's own", async () => {
  expect(
    await problems({
      [ROOT]: [
        "kind: Application\nmetadata:\n  name: web\n",
        "kind: Application\nmetadata:\n  name: web\n  namespace: argo\n",
      ],
    }),
  ).toEqual([
    "applications/staging: Application argo/web metadata.namespace — Argo CD reads its own objects in the namespace argocd only (got argo); write that one [namespace]",
  ]);
});
