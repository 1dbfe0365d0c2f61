import { type Change, changesOf, compare, type Operation } from "./change";
import { costsOf } from "./cost";
import type { Diagnostic, Digest } from "./digest";
import { fingerprintOf } from "./fingerprint";
import { nodesOf, type Placement, placementOf, type PlanNode } from "./node";

/** What an update would do, as a person reads it. No secret is in it. */
export interface Plan {
  readonly stack: string;
  /** How many resources; components, which are nothing by themselves, are not counted. */
  readonly counts: Readonly<Record<Operation, number>>;
  /** What can't be taken back or costs something, a sentence each, worst first. */
  readonly costs: readonly string[];
  /** Changes by node, then by component. */
  readonly groups: readonly Group[];
  readonly warnings: readonly string[];
  /** Why there is no plan, or no whole one. */
  readonly errors: readonly string[];
  /** What tells it from every other plan; a broken one has none, and is like no other. */
  readonly fingerprint?: string;
}

export interface Group {
  /** `worker-3 (worker, new)`, `argocd`. */
  readonly title: string;
  readonly changes: readonly Change[];
}

/** What a policy pack has to say about a preview; the engine leaves it out of its digest. */
export interface PolicyFinding {
  readonly message: string;
  /** Whether it forbids the update. */
  readonly mandatory: boolean;
}

/** Makes a plan out of what `pulumi preview --json` said. */
export function planOf(stack: string, digest: Digest, findings: readonly PolicyFinding[] = []): Plan {
  const all = changesOf(digest);
  const nodes = nodesOf(digest, all);
  const placement = placementOf(all, nodes);
  const changes = all.filter(({ component, details }) => !component || details.length > 0);
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  for (const { operation } of changes) counts[operation] += 1;
  const errors = [...messages(digest, "error"), ...policy(findings, true)].sort(compare);
  return {
    stack,
    counts,
    costs: costsOf(all, nodes, placement),
    groups: groupsOf(changes, nodes, placement),
    warnings: [...messages(digest, "warning"), ...policy(findings, false)].sort(compare),
    errors,
    ...(errors.length === 0 ? { fingerprint: fingerprintOf(stack, digest) } : {}),
  };
}

/** A plan of which only the reason is known why there is none. */
export function brokenPlan(stack: string, error: string): Plan {
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  return { stack, counts, costs: [], groups: [], warnings: [], errors: [error] };
}

/** 0: nothing would change, 7: something would, 1: the preview is broken. */
export function exitCodeOf({ counts, errors }: Plan): 0 | 1 | 7 {
  if (errors.length > 0) return 1;
  return Object.values(counts).some((count) => count > 0) ? 7 : 0;
}

function groupsOf(changes: readonly Change[], nodes: readonly PlanNode[], placement: Placement): readonly Group[] {
  const ofNodes = nodes.map((node) => ({
    title: node.state === "kept" ? `${node.name} (${node.role})` : `${node.name} (${node.role}, ${node.state})`,
    changes: changes.filter((change) => placement.get(change) === node),
  }));
  const others = changes.filter((change) => placement.get(change) === undefined);
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
  const told = (digest.diagnostics ?? []).filter((diagnostic) => diagnostic.severity === severity).map(sentenceOf);
  return [...new Set(told)].filter((text) => text !== "" && !EMPTY_WORDS.test(text));
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
