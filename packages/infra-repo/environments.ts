import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { KubernetesObject } from "./kubernetes-object";
import {
  type Application,
  isArgoCd,
  otherCluster,
  ownRepository,
  readApplication,
  remotesOf,
  sourceField,
} from "./applications";
import { expandApplicationSet } from "./application-sets";
import type { RepositoryContent } from "./files";
import type { Finding } from "./finding";
import { repositoryOf } from "./git-url";
import { itemsOf, jsonOf, sorted } from "./kubectl-yaml";
import { chartProblem } from "./kustomize";
import { isApplied, nameOf } from "./rendered";
import type { Renderers, Rendering } from "./rendering";
import { placed, scopesOf } from "./scopes";
import { renderSource, type Source } from "./source";

/** What one source renders to, with the objects as they end up in the cluster. */
export interface Part {
  /** `root`, or the Application's name. */
  readonly name: string;
  /** Relative to the repository: `apps/web/overlays/staging`. */
  readonly place: string;
  /** Whether folders below are part of it. */
  readonly recursive: boolean;
  readonly application?: Application;
  readonly objects: readonly KubernetesObject[];
}

/** What Argo CD would follow and this check doesn't. */
interface Unseen {
  /** `Application monitoring`. */
  readonly object: string;
  readonly reason: string;
}

/** Everything that one root path leads to. */
export interface Environment {
  readonly name: string;
  /** What the stack's `gitops.path` says: `applications/staging`. */
  readonly rootPath: string;
  readonly parts: readonly Part[];
  readonly applications: readonly Application[];
  readonly projects: readonly KubernetesObject[];
  readonly unseen: readonly Unseen[];
  /** The repository's address as Applications name it; unset as long as none does. */
  readonly own: string | undefined;
  /** What could not be rendered. */
  readonly findings: readonly Finding[];
}

/** Where following begins. */
interface Root {
  readonly renderers: Renderers;
  /** Absolute. */
  readonly repository: string;
  readonly content: RepositoryContent;
  readonly name: string;
  readonly rootPath: string;
  /** The repository's address in the stack's configuration. @default the clone's remotes, else what Applications name */
  readonly repoURL?: string | undefined;
}

const ARGO_CD_NAMESPACE = "argocd";

/**
 * Follows a root path as Argo CD does: renders it, every Application in it, and what those bring, until nothing new
 * comes. Never throws for what is wrong in the repository.
 */
export async function renderEnvironment(root: Root): Promise<Environment> {
  const walk = new Walk(root);
  await walk.begin();
  const { parts, applications, unseen, findings, own } = walk;
  const definitions = [...root.content.documents.flatMap(({ content }) => itemsOf(content)), ...objectsOf(parts)];
  const isClusterScoped = scopesOf(definitions.filter(({ kind }) => kind === "CustomResourceDefinition"));
  const inPlace = parts.map((part) => ({
    ...part,
    objects: part.objects.map((object) => placed(object, namespaceOf(part.application), isClusterScoped)),
  }));
  const projects = objectsOf(inPlace).filter((object) => isArgoCd(object, "AppProject"));
  return { name: root.name, rootPath: root.rootPath, parts: inPlace, applications, projects, unseen, own, findings };
}

class Walk {
  readonly parts: Part[] = [];
  readonly applications: Application[] = [];
  readonly unseen: Unseen[] = [];
  readonly findings: Finding[] = [];
  private readonly seen = new Set<string>();
  private readonly known: readonly string[];
  /** The repository's own address, once an Application has named it. */
  own: string | undefined;

  constructor(private readonly root: Root) {
    this.known = root.repoURL === undefined ? remotesOf(root.repository) : [root.repoURL];
  }

  /** Whether the repository's own Argo CD renders the charts of kustomizations; the platform's doesn't. */
  private get rendersCharts(): boolean {
    const option = /"kustomize\.?[bB]uildOptions[^"]*":"[^"]*--enable-helm/;
    return this.root.content.documents.some(({ content }) => option.test(JSON.stringify(content)));
  }

  async begin(): Promise<void> {
    const { repository, rootPath } = this.root;
    if (!existsSync(join(repository, rootPath))) {
      this.find(rootPath, undefined, "doesn't exist; add the folder, or correct the stack's gitops.path");
      return;
    }
    await this.render({ path: rootPath }, undefined, { place: rootPath, field: "" });
  }

  /** Renders one source and follows the Applications in it. */
  private async render(
    source: Source,
    application: Application | undefined,
    from: { readonly place: string; readonly field: string },
  ): Promise<void> {
    const { renderers, repository } = this.root;
    const place = posix.normalize(source.path || ".").replace(/\/$/, "");
    const object = application && `Application ${application.name}`;
    if (!statSync(join(repository, place), { throwIfNoEntry: false })?.isDirectory()) {
      const text = `${place} is no folder here; add it, or correct the path`;
      this.find(from.place, application && nameOf(application.object), text, `${from.field}.path`);
      return;
    }
    const use = {
      application: application?.name ?? "root",
      namespace: namespaceOf(application) ?? "default",
      refs: this.refsOf(application),
    };
    // Settings that are no YAML, a file that can't be read: a finding like any other.
    const rendering = await renderSource(renderers, repository, source, use).catch((error: unknown) => ({
      problem: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    }));
    if ("unseen" in rendering) {
      this.unseen.push({ object: object ?? `root path ${place}`, reason: `${place}: ${rendering.unseen}` });
      return;
    }
    if ("problem" in rendering) {
      this.findings.push(renderFinding(place, rendering));
      return;
    }
    const inside = this.rendersCharts
      ? (rendering.charts ?? []).map((chart) => `its chart ${chart} isn't rendered here`)
      : [];
    for (const reason of [...(rendering.leftOut ?? []), ...inside])
      this.unseen.push({ object: object ?? `root path ${place}`, reason: `${place}: ${reason}` });
    const refused = this.rendersCharts ? [] : (rendering.charts ?? []).map(chartProblem);
    for (const problem of [...(rendering.broken ?? []), ...refused])
      this.findings.push(renderFinding(place, { problem }));
    await this.add(place, rendering.objects.filter(isApplied), application, source.directory?.recurse ?? false);
  }

  private async add(
    place: string,
    objects: readonly KubernetesObject[],
    application: Application | undefined,
    recursive: boolean,
    name = application?.name ?? "root",
  ): Promise<void> {
    this.parts.push({ name, place, recursive, ...(application ? { application } : {}), objects });
    const elsewhere = application && otherCluster(application.destination);
    const sets = objects.filter((object) => isArgoCd(object, "ApplicationSet"));
    const found = objects
      .filter((object) => isArgoCd(object, "Application"))
      .map((object) => readApplication(placed(object, namespaceOf(application), () => false)));
    if (elsewhere !== undefined) {
      for (const { object } of found)
        this.skip(object, `it goes to the cluster ${elsewhere}, whose Argo CD follows it`);
      return;
    }
    this.own ??= ownRepository(
      [...found.flatMap(({ sources }) => sources), ...sets.flatMap(sourcesOfSet)],
      this.root.repository,
      this.known,
    );
    for (const child of found) await this.guarded(child.object, place, () => this.follow(child, place));
    for (const set of sets) await this.guarded(set, place, () => this.expand(set, place, application));
  }

  /** An object of an odd form is a finding, and hides nothing else. */
  private async guarded(object: KubernetesObject, place: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.find(place, nameOf(object), `can't be followed: ${reason}; correct it`, "spec");
    });
  }

  private async follow(application: Application, place: string): Promise<void> {
    const { object, sources, destination } = application;
    const id = jsonOf(sorted([object.metadata.namespace, application.name, sources, destination]));
    if (this.seen.has(id)) return;
    this.seen.add(id);
    this.applications.push(application);
    for (const [index, source] of sources.entries()) {
      const { repoURL = "", chart, path, ref, targetRevision = "HEAD" } = source;
      if (chart !== undefined) this.skip(object, `the chart ${chart} comes from ${repoURL}`);
      else if (!this.isOurs(repoURL)) {
        if (ref === undefined || path !== undefined) this.skip(object, `it comes from ${repoURL || "no repository"}`);
      } else if (path !== undefined || ref === undefined) {
        if (!/^(HEAD|main|master|)$/.test(targetRevision))
          this.skip(object, `it follows ${targetRevision}; the files that are here were looked at`);
        const isRoot = posix.normalize(path ?? ".") === this.root.rootPath && Object.keys(source).length <= 3;
        if (!isRoot) await this.render(source, application, { place, field: sourceField(application, index) });
      }
    }
  }

  private async expand(set: KubernetesObject, place: string, application: Application | undefined): Promise<void> {
    const { renderers, repository, content } = this.root;
    const isOurs = (url: string): boolean => this.isOurs(url);
    const generated = await expandApplicationSet(set, { renderers, repository, names: content.names, isOurs });
    for (const problem of generated.problems) this.find(place, nameOf(set), problem, "spec.generators");
    for (const reason of generated.unseen) this.skip(set, reason);
    if (generated.applications.length > 0)
      await this.add(place, generated.applications, application, false, set.metadata.name);
  }

  private isOurs(url: string): boolean {
    return this.own !== undefined && repositoryOf(url) === this.own;
  }

  private refsOf(application: Application | undefined): ReadonlyMap<string, boolean> {
    const named = (application?.sources ?? []).filter(({ ref }) => ref !== undefined);
    return new Map(named.map(({ ref = "", repoURL = "" }) => [ref, this.isOurs(repoURL)]));
  }

  private skip({ kind, metadata }: KubernetesObject, reason: string): void {
    this.unseen.push({ object: `${kind} ${metadata.name}`, reason });
  }

  private find(place: string, object: string | undefined, text: string, field?: string): void {
    this.findings.push({
      rule: "render",
      place,
      text,
      ...(object === undefined ? {} : { object }),
      ...(object === undefined || field === undefined ? {} : { field }),
    });
  }
}

/** The finding for a folder that can't be rendered. */
export function renderFinding(place: string, { problem, missing }: Extract<Rendering, { problem: string }>): Finding {
  const cure =
    missing !== undefined && /seal/i.test(missing)
      ? `seal it with npm run seal -- STACK NAMESPACE NAME KEY=- --out ${posix.join(place, missing)}`
      : "correct the file and render again";
  return { rule: "render", place, text: `can't be rendered: ${problem}; ${cure}` };
}

/** What an ApplicationSet says about repositories, before it is evaluated. */
function sourcesOfSet(set: KubernetesObject): Source[] {
  const { template, generators } = (set["spec"] ?? {}) as { template?: { spec?: object }; generators?: unknown };
  const { sources } = readApplication({ ...set, spec: template?.spec ?? {} });
  // A path with parameters is one of ours if its repository is.
  return [
    ...sources.map((source) => ({ ...source, ...(source.path?.includes("{{") ? { path: "." } : {}) })),
    ...[...jsonOf(generators ?? []).matchAll(/"git":\{[^{}]*?"repoURL":"([^"{]+)"/g)].map(([, repoURL = ""]) => ({
      repoURL,
      path: ".",
    })),
  ];
}

/** The root Application's own destination is Argo CD's namespace. */
function namespaceOf(application: Application | undefined): string | undefined {
  return application === undefined ? ARGO_CD_NAMESPACE : application.destination.namespace;
}

function objectsOf(parts: readonly Part[]): KubernetesObject[] {
  return parts.flatMap(({ objects }) => objects);
}
