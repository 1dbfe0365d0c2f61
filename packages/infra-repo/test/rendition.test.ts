import { expect, test } from "vitest";
import type { Environment } from "../environments";
import { renderedFiles } from "../rendition";

const web = { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "web", name: "web" } };

function environment(objects: Environment["parts"][number]["objects"]): Pick<Environment, "parts"> {
  return { parts: [{ name: "web", place: "apps/web/overlays/staging", recursive: false, objects }] };
}

test("the order of objects and keys doesn't depend on how they are written", () => {
  const role = { kind: "ClusterRole", apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "system:web" } };
  const one = renderedFiles(environment([{ ...web, spec: { replicas: 2, paused: false } }, role]));
  const other = renderedFiles(environment([role, { ...web, spec: { paused: false, replicas: 2 } }]));
  expect(one).toEqual(other);
  expect(one).toEqual([
    {
      name: "web/ClusterRole.system_web.yaml",
      text: 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: "system:web"\n',
    },
    {
      name: "web/Deployment.web.web.yaml",
      text: "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: web\nspec:\n  paused: false\n  replicas: 2\n",
    },
  ]);
});
