import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import type { Finding } from "./finding";
import { repositoryFiles } from "./repository-files";

/** A YAML or JSON document of a repository, as it is written. */
export interface FileDocument {
  /** Relative to the repository. */
  readonly file: string;
  /** Position in the file, from 0. */
  readonly index: number;
  /** Line of its beginning, from 1. */
  readonly line: number;
  readonly content: Readonly<Record<string, unknown>>;
}

/** A text that can't be read as documents: a template, or a broken file. */
export interface FileText {
  readonly file: string;
  readonly text: string;
}

/** What a repository's YAML and JSON files hold. */
export interface RepositoryContent {
  /** Every file, relative to the repository: what Git ignores isn't here. */
  readonly names: readonly string[];
  readonly documents: readonly FileDocument[];
  /** Chart templates, and files with an error. */
  readonly texts: readonly FileText[];
  readonly findings: readonly Finding[];
}

const MANIFEST = /\.(ya?ml|json)$/;
/** `secret.yaml.bak`, `secret.yml.tpl`: nothing applies them, but what they hold is in Git all the same. */
const LEFTOVER = /\.(ya?ml|json)[.~][\w.~-]*$|\.(ya?ml|json)~$/;
const KUSTOMIZATION = /(^|\/)Kustomization$/;

/** Reads every YAML and JSON file of a repository. Never throws for what is in one. */
export function readFiles(repository: string): RepositoryContent {
  const names = repositoryFiles(repository);
  const charts = new Set(names.filter((name) => /(^|\/)Chart\.ya?ml$/.test(name)).map((name) => dirname(name)));
  const documents: FileDocument[] = [];
  const texts: FileText[] = [];
  const findings: Finding[] = [];
  for (const file of names.filter((name) => MANIFEST.test(name) || LEFTOVER.test(name) || KUSTOMIZATION.test(name))) {
    const text = readFileSync(join(repository, file), "utf8");
    if (isTemplate(file, charts) || LEFTOVER.test(file)) {
      texts.push({ file, text });
      continue;
    }
    const read = readDocuments(file, text);
    documents.push(...read.documents);
    // Not every JSON file is a manifest, and other programs' JSON may have comments.
    if (!file.endsWith(".json") || /"apiVersion"/.test(text)) findings.push(...read.findings);
    if (read.findings.length > 0) texts.push({ file, text });
  }
  return { names, documents, texts, findings };
}

function isTemplate(file: string, charts: ReadonlySet<string>): boolean {
  const steps = file.split("/");
  return steps.some((step, index) => step === "templates" && charts.has(steps.slice(0, index).join("/") || "."));
}

function readDocuments(file: string, text: string): Pick<RepositoryContent, "documents" | "findings"> {
  const lines = new LineCounter();
  const documents: FileDocument[] = [];
  const findings: Finding[] = [];
  const broken = (line: number, problem: string): void => {
    const cure = "correct it, or list the file in policy-exceptions.yaml with a reason";
    findings.push({ rule: "yaml", place: `${file}:${line}`, text: `can't be read as YAML: ${problem}; ${cure}` });
  };
  // Merge keys are YAML 1.1, and kubectl knows them.
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true, logLevel: "silent" });
  for (const [index, document] of parsed.entries()) {
    const line = lines.linePos(document.contents?.range[0] ?? document.range[0]).line || 1;
    const [error] = document.errors;
    if (error) {
      broken(error.linePos?.[0].line ?? line, error.message.replace(/ at line[\s\S]*$|\n[\s\S]*$/, ""));
      continue;
    }
    try {
      const content: unknown = document.toJS();
      if (typeof content === "object" && content !== null)
        documents.push({ file, index, line, content: content as Record<string, unknown> });
    } catch (problem) {
      // Aliases that lead nowhere, or to so many copies that a reader would run out of memory.
      const text = problem instanceof Error ? problem.message : String(problem);
      broken(line, text.startsWith("Excessive alias") ? "its aliases make more copies than this check follows" : text);
    }
  }
  return { documents, findings };
}
