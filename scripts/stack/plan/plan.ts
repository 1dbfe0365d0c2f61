import { compareNames as compare } from "../../lib/stack-model";
import { addressOf, STACK } from "../../../components/tokens";
import { type Change, changesOf, type Operation } from "./change";
import type { Diagnostic, Digest, Step } from "./digest";
import { fingerprintOf } from "./fingerprint";
import { type PlanModel, planModel } from "./node";
import { risksOf } from "./risks";

/** What an update would do, for people. No secret is in it. */
export interface Plan {
  readonly stack: string;
  /** How many resources; components, which are nothing by themselves, are not counted. */
  readonly counts: Readonly<Record<Operation, number>>;
  /** How many more the engine's own preview counts: the stack, and components. */
  readonly groupings: number;
  /** What can't be taken back, a sentence each, the worst first. */
  readonly risks: readonly string[];
  /** Changes by node, then by component. */
  readonly groups: readonly Group[];
  readonly warnings: readonly string[];
  /** Why there is no plan, or no whole one. */
  readonly errors: readonly string[];
  /** Identifies the plan (./fingerprint.ts). A broken one has none. */
  readonly fingerprint?: string;
}

export interface Group {
  /** `worker-3 (worker, new)`, `argocd`. */
  readonly title: string;
  readonly changes: readonly Change[];
}

/** What a rule found. The engine leaves it out of its digest. */
export interface PolicyFinding {
  readonly message: string;
  /** Whether it forbids the update. */
  readonly mandatory: boolean;
}

/** Makes a plan out of what `pulumi preview --json --show-sames` printed. */
export function planOf(stack: string, digest: Digest, findings: readonly PolicyFinding[] = []): Plan {
  const model = planModel(digest);
  const all = changesOf(digest);
  const changes = all.filter(({ component, details }) => !component || details.length > 0);
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  for (const { operation } of changes) counts[operation] += 1;
  const errors = [...messages(digest, "error"), ...policy(findings, true)].sort(compare);
  return {
    stack,
    counts,
    groupings: all.length - changes.length + (digest.steps ?? []).filter(isNewStack).length,
    risks: risksOf(all, model),
    groups: groupsOf(changes, model),
    warnings: [...messages(digest, "warning"), ...policy(findings, false)].sort(compare),
    errors,
    ...(errors.length === 0 ? { fingerprint: fingerprintOf(stack, digest) } : {}),
  };
}

function isNewStack({ op, urn }: Step): boolean {
  return op === "create" && addressOf(urn).type === STACK;
}

/** The plan of a preview that failed early: only the reason is known. */
export function brokenPlan(stack: string, error: string): Plan {
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  return { stack, counts, groupings: 0, risks: [], groups: [], warnings: [], errors: [error] };
}

/** 0: nothing would change, 7: something would, 1: the preview is broken. */
export function exitCodeOf({ counts, errors }: Plan): 0 | 1 | 7 {
  if (errors.length > 0) return 1;
  return Object.values(counts).some((count) => count > 0) ? 7 : 0;
}

function groupsOf(changes: readonly Change[], { nodeOf, nodes, stepOf }: PlanModel): readonly Group[] {
  const titled = changes.map((change) => ({ ...change, summary: stepOf(change.step.urn)?.summary }));
  const ofNodes = nodes.map((node) => ({
    title: node.state === "kept" ? `${node.name} (${node.role})` : `${node.name} (${node.role}, ${node.state})`,
    changes: titled.filter(({ step }) => nodeOf(step.urn) === node),
  }));
  const others = titled.filter(({ step }) => nodeOf(step.urn) === undefined);
  const owners = [...new Set(others.map(({ owner, name }) => owner ?? name))].sort(compare);
  const ofComponents = owners.map((owner) => ({
    title: owner,
    changes: others.filter((change) => (change.owner ?? change.name) === owner),
  }));
  return [...ofNodes, ...ofComponents].filter((group) => group.changes.length > 0);
}

/** The engine's own last words, which say only that something failed. */
const EMPTY_WORDS = /^(error: )?(preview|update) failed$/;

function messages(digest: Digest, severity: string): readonly string[] {
  const sentences = (digest.diagnostics ?? []).filter((diagnostic) => diagnostic.severity === severity).map(sentenceOf);
  return [...new Set(sentences)].filter((text) => text !== "" && !EMPTY_WORDS.test(text));
}

function sentenceOf({ message }: Diagnostic): string {
  return message
    .replaceAll(/<\{%.*?%\}>/g, "")
    .replace(/^(error|warning): /, "")
    .trim();
}

function policy(findings: readonly PolicyFinding[], mandatory: boolean): readonly string[] {
  return findings.filter((finding) => finding.mandatory === mandatory).map(({ message }) => message.trim());
}
