import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import type { Finding } from "./finding";

const EXCEPTIONS_FILE = "policy-exceptions.yaml";

const exceptions = z.array(
  z.strictObject({
    rule: z.string(),
    /** As a finding names it: `DaemonSet monitoring/node-exporter`. */
    object: z.string(),
    /** Why it is right here; for whoever reviews the list. */
    reason: z.string().min(10),
  }),
);

/** Rules that no exception is made from: what they find breaks, or is out in the open. */
const WITHOUT_EXCEPTION = ["plain-secret", "render", "schema", "yaml"];

/**
 * Leaves out what a repository's `policy-exceptions.yaml` allows by name. An exception that nothing needs any more is a
 * finding itself, so that the list says what is so.
 */
export function withoutExceptions(findings: readonly Finding[], repository: string): Finding[] {
  const file = join(repository, EXCEPTIONS_FILE);
  if (!existsSync(file)) return [...findings];
  const parsed = exceptions.safeParse(load(readFileSync(file, "utf8")) ?? []);
  const of = (text: string, object?: string): Finding => ({
    rule: "exception",
    place: EXCEPTIONS_FILE,
    text,
    ...(object === undefined ? {} : { object }),
  });
  if (!parsed.success)
    return [
      ...findings,
      of(`can't be read: ${z.prettifyError(parsed.error)}; each entry has rule, object and a reason`),
    ];
  const allows = (entry: { rule: string; object: string }, finding: Finding): boolean =>
    entry.rule === finding.rule && entry.object === finding.object && !WITHOUT_EXCEPTION.includes(entry.rule);
  const idle = parsed.data
    .filter((entry) => !findings.some((finding) => allows(entry, finding)))
    .map(({ rule, object }) => of(`allows ${rule}, which nothing breaks; remove the entry`, object));
  return [...findings.filter((finding) => !parsed.data.some((entry) => allows(entry, finding))), ...idle];
}
