import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import type { Finding } from "./finding";
import { readDocuments as readAsKubectl } from "./kubectl-yaml";
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

const MANIFEST = /\.(ya?ml|json)$|(^|\/)Kustomization$/i;
/** `secret.yaml.bak`, `secret.tpl`, `secret`: nothing applies them, but what they hold is in Git all the same. */
const LEFTOVER =
  /\.(ya?ml|json)([.~][\w.~-]*|~)$|\.(tpl|tmpl|j2|template|txt|manifest|jsonnet|libsonnet|bak|orig|old)$|(^|\/)[^./]+$/i;

/** Reads every YAML and JSON file of a repository. Never throws for what is in one. */
export function readFiles(repository: string): RepositoryContent {
  const names = repositoryFiles(repository);
  const charts = new Set(names.filter((name) => /(^|\/)Chart\.ya?ml$/.test(name)).map((name) => dirname(name)));
  const documents: FileDocument[] = [];
  const texts: FileText[] = [];
  const findings: Finding[] = [];
  for (const file of names.filter((name) => MANIFEST.test(name) || LEFTOVER.test(name))) {
    const text = readText(join(repository, file));
    if (text === undefined) continue;
    if (isTemplate(file, charts) || !MANIFEST.test(file)) {
      texts.push({ file, text });
      continue;
    }
    const read = readDocuments(file, text);
    documents.push(...read.documents);
    // Not every JSON file is a manifest, and other programs' JSON may have comments.
    if (!/\.json$/i.test(file) || /"apiVersion"/.test(text)) findings.push(...read.findings);
    // JSON with a comment reads as one long word of YAML.
    if (!read.whole || read.documents.length === 0) texts.push({ file, text });
  }
  return { names, documents, texts, findings };
}

/** A file's text; undefined for what is none, as files that git-crypt has locked. */
function readText(file: string): string | undefined {
  const bytes = readFileSync(file);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le");
  return bytes.includes(0) ? undefined : bytes.toString("utf8");
}

function isTemplate(file: string, charts: ReadonlySet<string>): boolean {
  const steps = file.split("/");
  return steps.some((step, index) => step === "templates" && charts.has(steps.slice(0, index).join("/") || "."));
}

interface ReadFile extends Pick<RepositoryContent, "documents" | "findings"> {
  /** Whether every document could be read. */
  readonly whole: boolean;
}

function readDocuments(file: string, text: string): ReadFile {
  const lines = new LineCounter();
  const documents: FileDocument[] = [];
  const findings: Finding[] = [];
  let whole = true;
  const add = (index: number, line: number, content: unknown): void => {
    if (typeof content === "object" && content !== null)
      documents.push({ file, index, line, content: content as Record<string, unknown> });
  };
  const broken = (line: number, problem: string): void => {
    const cure = "correct it, or list the file in policy-exceptions.yaml with a reason";
    findings.push({ rule: "yaml", place: `${file}:${line}`, text: `can't be read as YAML: ${problem}; ${cure}` });
  };
  // Merge keys are YAML 1.1, and kubectl knows them.
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true, logLevel: "silent" });
  const isFatal = ({ code }: { readonly code: string }): boolean => code !== "DUPLICATE_KEY";
  if (parsed.some(({ errors }) => errors.some(isFatal))) {
    // Go's parser, as JavaScript's older one, doesn't mind indentation inside braces and quotes.
    const read = asKubectl(text);
    if (read) {
      const starts = startsOf(text);
      for (const [index, content] of read.entries()) add(index, starts[index] ?? 1, content);
      return { documents, findings, whole };
    }
  }
  for (const [index, document] of parsed.entries()) {
    const line = lines.linePos(document.contents?.range[0] ?? document.range[0]).line || 1;
    const [error] = document.errors;
    if (error) {
      broken(error.linePos?.[0].line ?? line, error.message.replace(/ at line[\s\S]*$|\n[\s\S]*$/, ""));
      if (document.errors.some(isFatal)) {
        whole = false;
        continue;
      }
    }
    try {
      add(index, line, document.toJS());
    } catch (problem) {
      // Aliases that lead nowhere, or to so many copies that a reader would run out of memory.
      const text = problem instanceof Error ? problem.message : String(problem);
      broken(line, text.startsWith("Excessive alias") ? "its aliases make more copies than this check follows" : text);
      whole = false;
    }
  }
  return { documents, findings, whole };
}

/** The line that each document begins at. */
function startsOf(text: string): number[] {
  const starts: number[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^---(\s|$)/.test(line) || (starts.length === 0 && !/^\s*([#%]|$)/.test(line))) starts.push(index + 1);
  }
  return starts;
}

function asKubectl(text: string): unknown[] | undefined {
  try {
    return readAsKubectl(text);
  } catch {
    return undefined;
  }
}
