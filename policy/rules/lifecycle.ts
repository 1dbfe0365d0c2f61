import { STACK } from "../../components/tokens";
import { entries, fields, text } from "../resource";
import type { Stack, StackRule, Violation } from "../rule";

/* The table is in config/notices.ts. The program warns by itself and exports what it found, so these are off until a
   site's settings turn them on: saying everything twice would be noise. */

export const endOfLife: StackRule = {
  name: "end-of-life",
  description: "Nothing that has reached its end of life is used without a reason.",
  enforcement: "disabled",
  comply: "choose a version that is maintained, or say in the stack file why not, and until when: acceptedNotices",
  stack: (stack) => open(stack, "endOfLife", "has reached its end of life"),
};

export const knownVulnerabilities: StackRule = {
  name: "known-vulnerabilities",
  description: "No version with a known vulnerability is used without a reason.",
  enforcement: "disabled",
  comply: "choose a version that has the fix, or say in the stack file why not, and until when: acceptedNotices",
  stack: (stack) => open(stack, "vulnerabilities", "is known, and not fixed in the version that is used"),
};

/** The notices of a kind in the stack's outputs, which has only those that nobody has accepted. */
function open({ resources }: Stack, kind: string, what: string): readonly Violation[] {
  const root = resources.find(({ type }) => type === STACK);
  const notices = fields(root?.values["notices"])[kind];
  if (!Array.isArray(notices))
    return [{ text: `the stack doesn't tell what is known of its versions (output notices.${kind})` }];
  return entries(notices).map((notice) => ({ text: `${text(notice) ?? ""} ${what}` }));
}
