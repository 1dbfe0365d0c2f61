import type { Change } from "./change";
import type { Group, Plan } from "./plan";
import { count, countsInWords, headline, kindOf, SIGNS } from "./words";

/** GitHub takes 65,536 characters in a comment, GitLab a million. */
const MAX_LENGTH = 60_000;

/** Where a plan comes from, for the line below it. */
export interface PlanSource {
  readonly commit?: string;
  /** Where the whole of it can be read: the pipeline's job. */
  readonly url?: string;
}

/** The mark by which a plan's own comment is found again. It does not show. */
export function markOf(stack: string): string {
  return `<!-- gitops-platform plan ${stack} -->`;
}

/** The line below the mark, which doesn't show either. */
const FINGERPRINT = /^<!-- gitops-platform plan \S+ -->\r?\n<!-- fingerprint (?<fingerprint>[0-9a-f]{64}) -->\r?\n/;

/** A plan as the Markdown of a comment: at most 60,000 characters, the same for the same plan. */
export function renderMarkdown(plan: Plan, source: PlanSource = {}): string {
  const rendered = plan.groups.map(renderGroup);
  const whole = assemble(plan, rendered, source);
  if (whole.length <= MAX_LENGTH) return whole;
  // What stands out is kept; the groups go down to their summaries, the longest first.
  const byLength = plan.groups.map((_, index) => index).sort((a, b) => lengthAt(rendered, b) - lengthAt(rendered, a));
  let length = whole.length;
  for (const index of byLength) {
    const group = plan.groups[index];
    if (!group || length <= MAX_LENGTH) break;
    length -= lengthAt(rendered, index);
    rendered[index] = `- **${escape(group.title)}**: ${summary(group)} (too long to show here)`;
    length += lengthAt(rendered, index);
  }
  if (length <= MAX_LENGTH) return assemble(plan, rendered, source);
  const nothing = `What would change in ${rendered.length} places is too long to show here.`;
  return assemble(plan, [nothing], source).slice(0, MAX_LENGTH);
}

/** What tells the plan that some Markdown shows from every other one; a broken plan has nothing that does. */
export function fingerprintIn(markdown: string): string | undefined {
  return FINGERPRINT.exec(markdown)?.groups?.["fingerprint"];
}

function lengthAt(texts: readonly string[], index: number): number {
  return texts[index]?.length ?? 0;
}

function assemble(plan: Plan, groups: readonly string[], source: PlanSource): string {
  return [
    [
      markOf(plan.stack),
      ...(plan.fingerprint && plan.errors.length === 0 ? [`<!-- fingerprint ${plan.fingerprint} -->`] : []),
    ].join("\n"),
    `### ${escape(headline(plan))}`,
    ...section("What is wrong", plan.errors),
    ...section("Look at this first", plan.risks),
    ...groups,
    ...section("Warnings", plan.warnings),
    ...footer(source),
    "",
  ].join("\n\n");
}

function section(title: string, sentences: readonly string[]): readonly string[] {
  if (sentences.length === 0) return [];
  return [`**${title}**`, sentences.map((sentence) => `- ${indent(escape(sentence))}`).join("\n")];
}

function renderGroup(group: Group): string {
  const lines = group.changes.map(renderChange).join("\n");
  return `<details><summary><b>${escape(group.title)}</b>: ${summary(group)}</summary>\n\n${lines}\n\n</details>`;
}

function summary({ changes }: Group): string {
  return countsInWords(count(changes));
}

function renderChange(change: Change): string {
  const what = `- ${code(SIGNS[change.operation])} ${code(change.name)} ${escape(kindOf(change))}`;
  return change.details.length === 0 ? what : `${what}: ${change.details.map(code).join(", ")}`;
}

function footer({ commit, url }: PlanSource): readonly string[] {
  const parts = [...(commit ? [`Commit ${commit.slice(0, 12)}`] : []), ...(url ? [`[pipeline](${url})`] : [])];
  return parts.length === 0 ? [] : [`<sub>${parts.join(" · ")}</sub>`];
}

/** Text between backticks; a longer fence where the text has backticks itself. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text.replaceAll("\n", " ")}${pad}${fence}`;
}

/** Text that Markdown and HTML leave alone: what a resource is called must not format the comment, or mention anyone. */
function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\`*_[\]#|~]/g, "\\$&")
    .replaceAll("@", "@\u200b");
}

function indent(text: string): string {
  return text.split("\n").join("  \n  ");
}
