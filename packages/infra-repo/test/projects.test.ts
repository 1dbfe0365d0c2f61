/** What an AppProject allows, by Argo CD's own matching. Not proved here: that Argo CD refuses the same (drills). */
import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../kubernetes-object";
import { readApplication } from "../applications";
import { goRegExp } from "../go-regexp";
import { project } from "../projects";
import { placed, scopesOf } from "../scopes";

const SERVER = "https://kubernetes.default.svc";

/** The fields and objects that a project refuses of an Application with some objects. */
function refused(
  spec: object,
  objects: readonly KubernetesObject[] = [],
  repoURL = "https://git.example.org/a/b",
  destination: object = { server: SERVER, namespace: "web" },
): string[] {
  const application = readApplication({
    ...{ apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata: { name: "a", namespace: "argocd" } },
    spec: { project: "p", source: { repoURL, path: "x" }, destination },
  });
  const all = { sourceRepos: ["*"], destinations: [{ namespace: "*", server: "*" }], ...spec };
  const owner = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata: { name: "p" }, spec: all };
  return project({
    ...{ name: "test", rootPath: "root", unseen: [], findings: [], own: undefined },
    ...{ applications: [application], projects: [owner] },
    parts: [{ name: "a", place: "x", recursive: false, application, objects }],
  }).map(({ object, field }) => field ?? object ?? "");
}

describe("sources", () => {
  const cases: readonly [readonly string[], boolean][] = [
    [["https://git.example.org/a/b.git"], true],
    [["https://GIT.example.org/a/*"], true],
    [["https://git.example.org/*"], false],
    [["https://git.example.org/**"], true],
    [["https://{git,code}.example.org/a/?"], true],
    [["*", "!https://git.example.org/a/*"], false],
    [["!https://other.example.org/*"], true],
    [[], false],
  ];
  test.each(cases)("%s", (sourceRepos, allowed) => {
    expect(refused({ sourceRepos })).toEqual(allowed ? [] : ["spec.source.repoURL"]);
  });

  test("the forms of an SSH address are one", () => {
    expect(refused({ sourceRepos: ["ssh://git@git.example.org/a/b.git"] }, [], "git@git.example.org:a/b")).toEqual([]);
  });
});

describe("destinations", () => {
  const cases: readonly [readonly object[], boolean][] = [
    [[{ server: SERVER, namespace: "web" }], true],
    [[{ server: "https://*", namespace: "w*" }], true],
    [[{ server: SERVER, namespace: "!kube-system" }], true],
    [
      [
        { server: SERVER, namespace: "*" },
        { server: SERVER, namespace: "!web" },
      ],
      false,
    ],
    [[{ name: "in-cluster", namespace: "web" }], false],
    // A pattern that refuses does so whatever the rest of its entry says.
    [
      [
        { server: SERVER, namespace: "*" },
        { name: "other", namespace: "!web" },
      ],
      false,
    ],
  ];
  test.each(cases)("%j", (destinations, allowed) => {
    expect(refused({ destinations })).toEqual(allowed ? [] : ["spec.destination"]);
  });

  const named: readonly [string, readonly object[], boolean][] = [
    ["in-cluster", [{ server: SERVER, namespace: "web" }], true],
    ["in-cluster", [{ server: "*", namespace: "web" }], true],
    ["in-cluster", [{ name: "in-*", namespace: "web" }], true],
    ["in-cluster", [{ server: "https://edge.example.org", namespace: "web" }], false],
    // The address of another cluster isn't known here.
    ["edge", [{ server: "https://edge.example.org", namespace: "web" }], true],
    ["edge", [{ server: "https://edge.example.org", namespace: "other" }], false],
    ["edge", [{ name: "core", namespace: "web" }], false],
  ];
  test.each(named)("cluster %s by its name: %j", (name, destinations, allowed) => {
    expect(refused({ destinations }, [], undefined, { name, namespace: "web" })).toEqual(
      allowed ? [] : ["spec.destination"],
    );
  });

  test("an object of another namespace is judged by its own", () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "kube-system" } };
    expect(refused({ destinations: [{ server: SERVER, namespace: "web" }] }, [object])).toEqual([
      "ConfigMap kube-system/c",
    ]);
  });
});

describe("kinds", () => {
  const definition = (scope: string): KubernetesObject => ({
    ...{
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "ws.example.org" },
    },
    spec: { group: "example.org", scope, names: { kind: "Node" } },
  });
  const widget = { apiVersion: "example.org/v1", kind: "Node", metadata: { name: "w" } };
  const cases: readonly [string, string, object, readonly string[]][] = [
    [
      "cluster-scoped by its definition",
      "Cluster",
      { clusterResourceWhitelist: [{ group: "example.*", kind: "N?de" }] },
      [],
    ],
    [
      "cluster-scoped, and no list allows it",
      "Cluster",
      { namespaceResourceWhitelist: [{ group: "*", kind: "*" }] },
      ["Node w"],
    ],
    ["namespaced by its definition", "Namespaced", {}, []],
    [
      "namespaced, on the blacklist",
      "Namespaced",
      { namespaceResourceBlacklist: [{ group: "*", kind: "N*" }] },
      ["Node web/w"],
    ],
    ["an empty list allows nothing", "Namespaced", { namespaceResourceWhitelist: [] }, ["Node web/w"]],
  ];
  const undefinedKind: readonly [object, readonly string[]][] = [
    [{ clusterResourceWhitelist: [{ group: "example.org", kind: "Node" }], namespaceResourceWhitelist: [] }, []],
    [{ namespaceResourceWhitelist: [{ group: "example.org", kind: "Node" }] }, []],
    [{ namespaceResourceWhitelist: [] }, ["Node web/w"]],
  ];
  test.each(undefinedKind)("that nothing defines: either list will do: %j", (spec, expected) => {
    expect(refused(spec, [placed(widget, "web", scopesOf([]))])).toEqual(expected);
  });

  test.each(cases)("%s", (_name, scope, spec, expected) => {
    expect(refused(spec, [placed(widget, "web", scopesOf([definition(scope)]))])).toEqual(expected);
  });
});

test("patterns are Go's", () => {
  expect(goRegExp("(?i)^[a-z]+$")?.test("ABC")).toBe(true);
  expect(goRegExp("^[[:alpha:]]+\\z")?.test("abc")).toBe(true);
  expect(goRegExp("^\\pL+$")?.test("é")).toBe(true);
  expect(goRegExp("^a\\-b$")?.test("a-b")).toBe(true);
  expect(goRegExp("\\Qa.b\\E")).toBeUndefined();
  expect(goRegExp("(?U)a+")).toBeUndefined();
});
