import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { load } from "js-yaml";
import { buildFromCatalogue } from "@gitops-platform/mirror/units/alone";
import { KUBERNETES_VERSION } from "@gitops-platform/mirror/catalogue/go-components";
import { readObjects } from "./kubectl-yaml";
import type { Release, Renderers, Rendering } from "./rendering";
import { inScratchCopy } from "./scratch-copy";

/** Helm: the one on the PATH, else the mirror's, built once from its Go module and only when a chart needs it. */
export function helm(cache: string, log: (line: string) => void): Pick<Renderers, "helm" | "goTemplates"> {
  let program: Promise<string> | undefined;
  const run = async (cwd: string, args: readonly string[]) => {
    program ??= helmProgram(cache, log);
    return execa(await program, args, { cwd, env: { KUBECONFIG: "/dev/null" }, reject: false, maxBuffer: 1 << 29 });
  };
  return {
    helm: (repository, path, release) => renderChart(run, repository, path, release),
    goTemplates: (templates, sets) => fill(run, templates, sets),
  };
}

type Run = (
  cwd: string,
  args: readonly string[],
) => Promise<{ readonly exitCode?: number | undefined; readonly stdout: string; readonly stderr: string }>;

async function helmProgram(cache: string, log: (line: string) => void): Promise<string> {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "helm"))
    .find((file) => existsSync(file));
  return found ?? join(await buildFromCatalogue("helm", cache, log), "helm");
}

async function renderChart(run: Run, repository: string, path: string, release: Release): Promise<Rendering> {
  const chart = join(repository, path);
  const absent = release.valueFiles.find((file) => !existsSync(join(repository, file)));
  if (absent !== undefined) return { problem: `the values file ${absent} doesn't exist`, missing: absent };
  const needed = missingDependencies(chart);
  const elsewhere = needed.find((dependency) => !dependency.repository?.startsWith("file://"));
  if (elsewhere) return { unseen: `it needs the chart ${elsewhere.name} from ${elsewhere.repository ?? "elsewhere"}` };
  if (needed.length > 0) {
    return inScratchCopy(repository, async (copy) => {
      const { exitCode, stderr } = await run(join(copy, path), ["dependency", "build", "."]);
      return exitCode === 0 ? template(run, copy, path, release) : { problem: reason(stderr) };
    });
  }
  return template(run, repository, path, release);
}

async function template(run: Run, repository: string, path: string, release: Release): Promise<Rendering> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-values-"));
  try {
    const values = release.values.map((text, index) => {
      const file = join(scratch, `${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    const files = [...release.valueFiles.map((file) => join(repository, file)), ...values];
    const { exitCode, stdout, stderr } = await run(join(repository, path), [
      ...["template", ".", `--name-template=${release.name}`, `--namespace=${release.namespace}`],
      ...[`--kube-version=${KUBERNETES_VERSION}`, ...files.map((file) => `--values=${file}`), ...release.args],
    ]);
    if (exitCode !== 0) return { problem: reason(stderr.replaceAll(`${repository}/`, "")) };
    return { objects: readObjects(stdout) };
  } catch (error) {
    return { problem: `the chart's output is no YAML: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Dependency {
  readonly name: string;
  readonly repository?: string;
}

/** The charts that a chart lists and that aren't in its `charts/`. */
function missingDependencies(chart: string): Dependency[] {
  const vendored = existsSync(join(chart, "charts")) ? readdirSync(join(chart, "charts")) : [];
  return ["Chart.yaml", "requirements.yaml"]
    .map((name) => join(chart, name))
    .filter((file) => existsSync(file))
    .flatMap((file) => ((load(readFileSync(file, "utf8")) ?? {}) as { dependencies?: Dependency[] }).dependencies ?? [])
    .filter(({ name }) => !vendored.some((entry) => entry === name || entry.startsWith(`${name}-`)));
}

function reason(stderr: string): string {
  return stderr
    .replace(/^[\s\S]*?^Error: /m, "")
    .replace(/\n+Use --debug flag.*$/s, "")
    .trim()
    .split(/\s*\n\s*/)
    .join(" ");
}

/** Helm has Go's templates with the functions that ApplicationSets have, so a chart of our own fills them. */
async function fill(run: Run, templates: readonly string[], sets: readonly unknown[]): Promise<string[][]> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-templates-"));
  try {
    mkdirSync(join(scratch, "templates"));
    writeFileSync(join(scratch, "Chart.yaml"), "apiVersion: v2\nname: templates\nversion: 0.0.0\n");
    writeFileSync(join(scratch, "values.json"), JSON.stringify({ sets }));
    const defined = templates.map((text, index) => `{{ define "t${index}" }}${text}{{ end }}`).join("\n");
    const row = templates.map((_text, index) => `{{ include "t${index}" . | toJson }}`).join(",");
    writeFileSync(
      join(scratch, "templates", "all.yaml"),
      `${defined}\nrows:\n{{ range .Values.sets }}- [${row}]\n{{ end }}`,
    );
    const { exitCode, stdout, stderr } = await run(scratch, ["template", ".", "--values=values.json"]);
    if (exitCode !== 0) throw new Error(reason(stderr));
    return (load(stdout) as { rows: string[][] | null }).rows ?? [];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
