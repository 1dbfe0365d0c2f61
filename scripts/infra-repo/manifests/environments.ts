import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import type { Finding } from "./finding";
import { type Render, RenderError } from "./kustomize";
import { inNamespace } from "./rendered";

/** The folder of a repository that holds its root paths. */
const ROOT = "applications";
/** The environment that the bare root path stands for. */
const DEFAULT = "local";

/** What an Application says about where its manifests come from and go to. */
export interface Application {
  readonly object: KubernetesObject;
  readonly name: string;
  readonly project: string;
  /** Folder of the same repository; undefined for a chart, or another repository. */
  readonly path: string | undefined;
  readonly source: Source;
  readonly destination: { readonly server?: string; readonly name?: string; readonly namespace?: string };
}

export interface Source {
  readonly repoURL?: string;
  readonly targetRevision?: string;
  readonly path?: string;
  readonly chart?: string;
}

/** One folder that Kubernetes objects are rendered from, with the objects as they end up in the cluster. */
export interface Part {
  /** `root`, or the Application's name. */
  readonly name: string;
  /** Relative to the repository: `apps/web/overlays/staging`. */
  readonly place: string;
  readonly application?: Application;
  readonly objects: readonly KubernetesObject[];
}

/** Everything that one root path leads to. */
export interface Environment {
  readonly name: string;
  /** What the stack's `gitops.path` says: `applications/staging`. */
  readonly rootPath: string;
  readonly parts: readonly Part[];
  readonly applications: readonly Application[];
  readonly projects: readonly KubernetesObject[];
  /** What could not be rendered. */
  readonly findings: readonly Finding[];
}

/** Every overlay of a repository, relative to it: `apps/web/overlays/staging`. */
export function overlays(repository: string): string[] {
  return folders(repository, "apps").flatMap((app) => folders(repository, `${app}/overlays`));
}

/** The environments of a repository: those that any application has an overlay for, by name, with their root paths. */
export function environmentNames(repository: string): ReadonlyMap<string, string> {
  const names = new Set(overlays(repository).map((overlay) => overlay.slice(overlay.lastIndexOf("/") + 1)));
  return new Map([...names].sort().map((name) => [name, name === DEFAULT ? ROOT : `${ROOT}/${name}`]));
}

/** Renders a root path and everything it leads to inside the same repository. Never throws for what is wrong in there. */
export async function renderEnvironment(
  render: Render,
  repository: string,
  name: string,
  rootPath: string,
): Promise<Environment> {
  const findings: Finding[] = [];
  const attempt = async (place: string): Promise<readonly KubernetesObject[]> => {
    try {
      return await render(join(repository, place));
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      findings.push({
        rule: "render",
        place,
        text: `can't be rendered: ${error.message}; correct the file and render again`,
      });
      return [];
    }
  };
  if (!existsSync(join(repository, rootPath))) {
    const text = `doesn't exist, although applications have overlays for ${name}; add the folder, or remove the overlays`;
    findings.push({ rule: "render", place: rootPath, text });
    return { name, rootPath, parts: [], applications: [], projects: [], findings };
  }
  const root = (await attempt(rootPath)).map((object) => inNamespace(object, "argocd"));
  const applications = readApplications(root, repository);
  const parts: Part[] = [{ name: "root", place: rootPath, objects: root }];
  for (const application of applications) {
    const { path } = application;
    if (path === undefined) continue;
    if (!existsSync(join(repository, path))) {
      const text = `spec.source.path ${path} doesn't exist; add the folder, or correct the path`;
      findings.push({ rule: "render", place: rootPath, object: `Application ${application.name}`, text });
      continue;
    }
    const objects = (await attempt(path)).map((object) => inNamespace(object, application.destination.namespace));
    parts.push({ name: application.name, place: path, application, objects });
  }
  const projects = root.filter(({ kind }) => kind === "AppProject");
  return { name, rootPath, parts, applications, projects, findings };
}

/** What the Applications among some objects say. Folders count as ours where the repository is the one that most name. */
function readApplications(objects: readonly KubernetesObject[], repository: string): Application[] {
  const specs = objects
    .filter(({ kind }) => kind === "Application")
    .map((object) => ({ object, spec: specOf(object) }));
  const ours = new Set(
    specs
      .filter(({ spec: { source } }) => source?.path !== undefined && existsSync(join(repository, source.path)))
      .map(({ spec: { source } }) => source?.repoURL),
  );
  return specs.map(({ object, spec: { project = "default", source = {}, destination = {} } }) => {
    const local = source.chart === undefined && ours.has(source.repoURL);
    return { object, name: object.metadata.name, project, path: local ? source.path : undefined, source, destination };
  });
}

function specOf(object: KubernetesObject): ApplicationSpec {
  return object["spec"] ?? {};
}

interface ApplicationSpec {
  readonly project?: string;
  readonly source?: Source;
  readonly destination?: Application["destination"];
}

function folders(repository: string, parent: string): string[] {
  const directory = join(repository, parent);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${parent}/${name}`)
    .sort();
}
