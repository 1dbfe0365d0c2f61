/** How the pack's findings get to a preview. That the pack hands them over: test/policy. */
import { appendFileSync, existsSync, statSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeFinding, FINDINGS_FILE, type Finding, Findings, SERVING } from "../../../policy/findings";

const urn = "urn:pulumi:s::p::command:remote:Command::cp-1-prepare";
const about: Finding = { policy: "host-keys", urn, message: "Keys.\nconnection.hostKey is missing", mandatory: true };
const stackWide: Finding = { policy: "end-of-life", urn: "", message: "Ends.\nkubernetes-1.27", mandatory: false };

let findings: Findings;
let file = "";

beforeEach(() => {
  findings = new Findings();
  file = findings.env[FINDINGS_FILE] ?? "";
});
afterEach(() => {
  findings.remove();
});

function write(...lines: (Finding | string)[]): void {
  for (const line of lines) appendFileSync(file, `${typeof line === "string" ? line : JSON.stringify(line)}\n`);
}

it("has a file that is there and is nobody else's to read, until it is removed", () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  findings.remove();
  expect(existsSync(file)).toBe(false);
});

it("are unknown while no rule has been asked, and then none", () => {
  expect(findings.read()).toBeUndefined();
  write(SERVING);
  expect(findings.read()).toEqual([]);
});

it("are the same list in whatever order they come, each once", () => {
  write(SERVING, about, stackWide, about);
  const first = findings.read();
  findings.remove();
  findings = new Findings();
  file = findings.env[FINDINGS_FILE] ?? "";
  write(SERVING, stackWide, about);
  expect(findings.read()).toEqual(first);
  expect(first).toEqual([stackWide, about]);
});

it("are told with the rule, and the resource that they are about", () => {
  expect(describeFinding(about)).toBe("host-keys: cp-1-prepare: Keys.\nconnection.hostKey is missing");
  expect(describeFinding(stackWide)).toBe("end-of-life: Ends.\nkubernetes-1.27");
});
