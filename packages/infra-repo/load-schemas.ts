import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildAlone } from "@gitops-platform/mirror/units/alone";
import type { GoComponent } from "@gitops-platform/mirror/units/go-component";
import { KUBERNETES_VERSION } from "@gitops-platform/mirror/catalogue/go-components";
import type { KubernetesObject } from "./kubernetes-object";
import { readObjects } from "./kubectl-yaml";
import { type GroupVersionKind, Schemas, type Swagger } from "./schemas";

/** Nothing of it is compiled: Kubernetes' module carries the schemas of its API. */
const API: GoComponent = {
  name: "kubernetes",
  version: KUBERNETES_VERSION,
  programs: {},
  moduleFiles: { "swagger.json": { module: "k8s.io/kubernetes", path: "api/openapi-spec/swagger.json" } },
  seconds: 10,
  diskMiB: 5,
};

/**
 * The schemas of Kubernetes 1.27 and of what the platform installs. A check adds the CustomResourceDefinitions that it
 * finds in the repository.
 *
 * @param manifests folder with the CustomResourceDefinitions of what the platform installs
 * @param log takes a line when something has to be downloaded
 */
export async function loadSchemas(
  manifests: string,
  cache: string,
  log: (line: string) => void,
): Promise<() => Schemas> {
  const swagger = await readSwagger(cache, log);
  const definitions = readdirSync(manifests)
    .filter((file) => /\.ya?ml$/.test(file))
    .flatMap((file) => definitionsIn(join(manifests, file)));
  return () => new Schemas(swagger, definitions);
}

/** What Kubernetes 1.27 serves, as charts ask for it: `apps/v1`, `apps/v1/Deployment`. */
export async function apiVersions(cache: string, log: (line: string) => void): Promise<string[]> {
  const { definitions } = await readSwagger(cache, log);
  const served = Object.values(definitions).flatMap(
    (schema) => (schema["x-kubernetes-group-version-kind"] ?? []) as GroupVersionKind[],
  );
  const names = served.flatMap(({ group, version, kind }) => {
    const apiVersion = group === "" ? version : `${group}/${version}`;
    return [apiVersion, `${apiVersion}/${kind}`];
  });
  return [...new Set(names)].sort();
}

async function readSwagger(cache: string, log: (line: string) => void): Promise<Swagger> {
  return JSON.parse(readFileSync(join(await buildAlone(API, cache, log), "swagger.json"), "utf8")) as Swagger;
}

/** The CustomResourceDefinitions of a file of ours. The rest of it isn't parsed: Argo CD's alone is a megabyte. */
function definitionsIn(file: string): KubernetesObject[] {
  return readFileSync(file, "utf8")
    .split(/^---$/m)
    .filter((text) => /^kind: CustomResourceDefinition$/m.test(text))
    .flatMap(readObjects);
}
