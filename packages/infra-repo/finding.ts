/** One problem of the infrastructure repository: where, what, what to do. */
export interface Finding {
  /** Names the rule, for an exception: `image-tag`. */
  readonly rule: string;
  /** What was rendered or read, relative to the repository: `apps/web/overlays/staging`. */
  readonly place: string;
  /** `Deployment web/web`; unset where it is about the place itself. */
  readonly object?: string;
  /** Path of the field: `spec.replicas`. */
  readonly field?: string;
  /** What is wrong (got X, need Y); what to do. */
  readonly text: string;
}

/** A rule's complaint about an object, without its place. */
export type Complaint = Pick<Finding, "rule" | "field" | "text">;

/**
 * The findings as sentences. The same one in several places, as a base brings it into every overlay, is one sentence
 * that names them all.
 */
export function sentences(findings: readonly Finding[]): string[] {
  const grouped = new Map<string, string[]>();
  for (const { rule, place, object, field, text } of findings) {
    const about = [object, field].filter((part) => part !== undefined).join(" ");
    const sentence = `${about === "" ? "" : `: ${about}`} — ${text} [${rule}]`;
    const places = grouped.get(sentence) ?? [];
    if (!places.includes(place)) places.push(place);
    grouped.set(sentence, places);
  }
  return [...grouped].map(([sentence, places]) => `${places.join(", ")}${sentence}`).sort();
}

/** An error that lists findings. */
export function failure(headline: string, findings: readonly Finding[]): Error {
  const lines = sentences(findings);
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  return new Error(`${headline} has ${count}:\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}
