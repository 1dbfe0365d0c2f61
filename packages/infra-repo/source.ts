import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { load } from "js-yaml";
import { stringify } from "yaml";
import { type DirectorySettings, readDirectory } from "./directory";
import type { Renderers, Rendering } from "./rendering";

/** One source of an Application, as far as it decides what is rendered. */
export interface Source {
  readonly repoURL?: string;
  readonly targetRevision?: string;
  readonly path?: string;
  readonly chart?: string;
  /** Makes the repository available to other sources' value files as `$ref`. */
  readonly ref?: string;
  readonly kustomize?: KustomizeSettings;
  readonly helm?: HelmSettings;
  readonly directory?: DirectorySettings;
  readonly plugin?: object;
}

interface KustomizeSettings {
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly namespace?: string;
  readonly images?: readonly string[];
  readonly replicas?: readonly { readonly name: string; readonly count: number | string }[];
  readonly components?: readonly string[];
  readonly patches?: readonly unknown[];
  readonly commonLabels?: Readonly<Record<string, string>>;
  readonly forceCommonLabels?: boolean;
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly forceCommonAnnotations?: boolean;
  readonly labelWithoutSelector?: boolean;
}

interface HelmSettings {
  readonly releaseName?: string;
  readonly namespace?: string;
  readonly valueFiles?: readonly string[];
  readonly ignoreMissingValueFiles?: boolean;
  readonly values?: string;
  readonly valuesObject?: object;
  readonly parameters?: readonly { readonly name: string; readonly value?: string; readonly forceString?: boolean }[];
  readonly fileParameters?: readonly { readonly name: string; readonly path: string }[];
  readonly skipCrds?: boolean;
}

/** For whom a source is rendered. */
export interface SourceUse {
  /** The Application's name, and a chart's release. */
  readonly application: string;
  readonly namespace: string;
  /** Other sources' `ref`s: whether each is this repository. */
  readonly refs: ReadonlyMap<string, boolean>;
}

/** Renders a source whose folder is in the repository, as Argo CD would. */
export async function renderSource(
  renderers: Renderers,
  repository: string,
  written: Source,
  use: SourceUse,
): Promise<Rendering> {
  const path = posix.normalize(written.path ?? ".");
  if (path.startsWith("..") || path.startsWith("/")) return { problem: `the path ${path} leaves the repository` };
  const directory = join(repository, path);
  const source = withOverrides(written, directory, use.application);
  const kinds = (["helm", "kustomize", "directory", "plugin"] as const).filter((kind) => isSet(source[kind]));
  if (kinds.length > 1) return { problem: `the source has settings of ${kinds.join(" and ")}; Argo CD takes one` };
  switch (kinds[0] ?? kindOf(directory)) {
    case "helm":
      return renderHelm(renderers, repository, path, source.helm ?? {}, use);
    case "kustomize":
      if (!hasKustomization(directory)) return { problem: `${path} has kustomize settings and no kustomization.yaml` };
      if (source.kustomize?.patches !== undefined && source.kustomize.patches.length > 0)
        return { unseen: "source.kustomize.patches isn't followed" };
      return renderers.kustomize(repository, path, kustomizeEdits(source.kustomize ?? {}));
    case "plugin":
      return { unseen: "a plugin renders it" };
    case "directory":
      return readDirectory(repository, path, source.directory ?? {});
  }
}

/** Settings that a folder has for Applications: `.argocd-source.yaml`, `.argocd-source-<name>.yaml`. */
function withOverrides(source: Source, directory: string, application: string): Source {
  return [".argocd-source.yaml", `.argocd-source-${application}.yaml`]
    .map((name) => join(directory, name))
    .filter((file) => existsSync(file))
    .reduce<Source>((settings, file) => mergePatch(settings, load(readFileSync(file, "utf8")) ?? {}) as Source, source);
}

/** A JSON merge patch. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function isSet(settings: object | undefined): boolean {
  return settings !== undefined && Object.values(settings).some((value) => value !== undefined && value !== false);
}

function kindOf(directory: string): "helm" | "kustomize" | "directory" {
  if (existsSync(join(directory, "Chart.yaml"))) return "helm";
  return hasKustomization(directory) ? "kustomize" : "directory";
}

export function hasKustomization(directory: string): boolean {
  return ["kustomization.yaml", "kustomization.yml", "Kustomization"].some((name) =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.isFile(),
  );
}

/** What Argo CD runs `kustomize edit` with before it builds. */
function kustomizeEdits(settings: KustomizeSettings): string[][] {
  const pairs = (values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).map(([name, value]) => `${name}:${value}`);
  const { namePrefix, nameSuffix, namespace, images = [], replicas = [], components = [] } = settings;
  const { commonLabels = {}, commonAnnotations = {} } = settings;
  const label = [
    ...(settings.forceCommonLabels ? ["--force"] : []),
    ...(settings.labelWithoutSelector ? ["--without-selector"] : []),
  ];
  const edits: [boolean, string[]][] = [
    [Boolean(namePrefix), ["set", "nameprefix", "--", namePrefix ?? ""]],
    [Boolean(nameSuffix), ["set", "namesuffix", "--", nameSuffix ?? ""]],
    [images.length > 0, ["set", "image", ...images]],
    [replicas.length > 0, ["set", "replicas", ...replicas.map(({ name, count }) => `${name}=${count}`)]],
    [pairs(commonLabels).length > 0, ["add", "label", ...label, ...pairs(commonLabels)]],
    [
      pairs(commonAnnotations).length > 0,
      ["add", "annotation", ...(settings.forceCommonAnnotations ? ["--force"] : []), ...pairs(commonAnnotations)],
    ],
    [Boolean(namespace), ["set", "namespace", "--", namespace ?? ""]],
    [components.length > 0, ["add", "component", ...components]],
  ];
  return edits.filter(([applies]) => applies).map(([, edit]) => edit);
}

async function renderHelm(
  renderers: Renderers,
  repository: string,
  path: string,
  settings: HelmSettings,
  use: SourceUse,
): Promise<Rendering> {
  const valueFiles: string[] = [];
  for (const file of settings.valueFiles ?? []) {
    const [, ref, rest = ""] = /^\$([^/]+)\/(.*)$/.exec(file) ?? [];
    if (/^[a-z][a-z0-9+.-]*:\/\//.test(file)) return { unseen: `its values ${file} aren't in the repository` };
    if (ref !== undefined && use.refs.get(ref) === undefined)
      return { problem: `the values file ${file} names $${ref}, which is no ref of the other sources` };
    if (ref !== undefined && use.refs.get(ref) === false)
      return { unseen: `its values ${file} are in another repository` };
    const inside = ref === undefined ? (file.startsWith("/") ? `.${file}` : posix.join(path, file)) : rest;
    const name = posix.normalize(inside);
    if (settings.ignoreMissingValueFiles && !existsSync(join(repository, name))) continue;
    valueFiles.push(name);
  }
  const { parameters = [], fileParameters = [], valuesObject, values } = settings;
  // A comma separates values unless it is escaped; `{a,b}` is a list.
  const comma = (text: string): string => (text.startsWith("{") ? text : text.replaceAll(/(?<!\\),/g, "\\,"));
  return renderers.helm(repository, path, {
    name: settings.releaseName ?? use.application,
    namespace: settings.namespace ?? use.namespace,
    valueFiles,
    values: [valuesObject === undefined ? (values ?? "") : stringify(valuesObject)].filter((text) => text !== ""),
    args: [
      ...(settings.skipCrds ? [] : ["--include-crds"]),
      ...parameters.flatMap(({ name, value = "", forceString }) => [
        forceString ? "--set-string" : "--set",
        `${name}=${comma(value)}`,
      ]),
      ...fileParameters.flatMap(({ name, path: file }) => ["--set-file", `${name}=${file}`]),
    ],
  });
}
