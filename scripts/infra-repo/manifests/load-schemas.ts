import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { buildAlone } from "@gitops-platform/mirror/units/alone";
import type { GoComponent } from "@gitops-platform/mirror/units/go-component";
import { KUBERNETES_VERSION } from "@gitops-platform/mirror/catalogue/go-components";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import { root } from "../../lib/paths";
import { Schemas, type Swagger } from "./schemas";

/** Nothing of it is compiled: Kubernetes' module carries the schemas of its API. */
const API: GoComponent = {
  name: "kubernetes",
  version: KUBERNETES_VERSION,
  programs: {},
  moduleFiles: { "swagger.json": { module: "k8s.io/kubernetes", path: "api/openapi-spec/swagger.json" } },
  seconds: 10,
  diskMiB: 5,
};

/** The platform's own extensions, as it installs them. */
const MANIFESTS = join(root, "components", "gitops", "manifests");

/**
 * The schemas of Kubernetes 1.27, of what the platform installs, and of what a repository has in `schemas/`: the
 * CustomResourceDefinitions of extensions that its charts bring.
 *
 * @param log takes a line when something has to be downloaded
 */
export async function loadSchemas(cache: string, repository: string, log: (line: string) => void): Promise<Schemas> {
  const swagger = JSON.parse(readFileSync(join(await buildAlone(API, cache, log), "swagger.json"), "utf8")) as Swagger;
  const files = [MANIFESTS, join(repository, "schemas")]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
    .filter((file) => /\.ya?ml$/.test(file));
  return new Schemas(swagger, files.flatMap(definitions));
}

/** The CustomResourceDefinitions of a file. The rest of it isn't parsed: Argo CD's alone is a megabyte. */
function definitions(file: string): KubernetesObject[] {
  const documents = readFileSync(file, "utf8").split(/^---$/m);
  return documents
    .filter((text) => /^kind: CustomResourceDefinition$/m.test(text))
    .flatMap((text) => loadAll(text) as KubernetesObject[]);
}
