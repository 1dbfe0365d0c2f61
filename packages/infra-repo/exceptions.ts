import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import type { Finding } from "./finding";
import { globMatch } from "./glob";

const EXCEPTIONS_FILE = "policy-exceptions.yaml";

const exceptions = z.array(
  z
    .strictObject({
      rule: z.string(),
      /** As a finding names it: `DaemonSet monitoring/node-exporter`. */
      object: z.string().optional(),
      /** A file or folder, as a finding names it without the line; `*` stands for anything: `docs/*.yaml`. */
      place: z.string().optional(),
      /** Why it is right here, for the review of the list. */
      reason: z.string().min(10),
    })
    .refine(({ object, place }) => object !== undefined || place !== undefined, "names neither object nor place"),
);

type Exception = z.infer<typeof exceptions>[number];

/**
 * Leaves out what a repository's `policy-exceptions.yaml` allows by name. An exception that nothing needs any more is a
 * finding itself, so that the list says what is so.
 */
export function withoutExceptions(findings: readonly Finding[], repository: string): Finding[] {
  const file = join(repository, EXCEPTIONS_FILE);
  if (!existsSync(file)) return [...findings];
  const broken = (text: string): Finding[] => [
    ...findings,
    { rule: "exception", place: EXCEPTIONS_FILE, text: `can't be read: ${text}; correct it` },
  ];
  let content: unknown;
  try {
    content = load(readFileSync(file, "utf8")) ?? [];
  } catch (error) {
    return broken(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
  const parsed = exceptions.safeParse(content);
  if (!parsed.success) return broken(z.prettifyError(parsed.error));
  const idle = parsed.data
    .filter((entry) => !findings.some((finding) => allows(entry, finding)))
    .map(({ rule, object, place }) => ({
      ...{ rule: "exception", place: EXCEPTIONS_FILE, object: object ?? place ?? "" },
      text: `allows ${rule}, which nothing breaks; remove the entry`,
    }));
  return [...findings.filter((finding) => !parsed.data.some((entry) => allows(entry, finding))), ...idle];
}

function allows({ rule, object, place }: Exception, finding: Finding): boolean {
  if (rule !== finding.rule || rule === "exception") return false;
  if (object !== undefined && object !== finding.object) return false;
  return place === undefined || globMatch(place, finding.place.replace(/:\d+$/, ""));
}
