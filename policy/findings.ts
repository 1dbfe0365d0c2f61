import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nameOf } from "./resource";

/** Names an existing file to which the pack writes its findings, besides reporting them to the engine. */
export const FINDINGS_FILE = "GITOPS_PLATFORM_POLICY_FINDINGS";

/** A broken rule, in the file one JSON object a line. */
export interface Finding {
  readonly policy: string;
  /** URN; empty when it concerns the stack. */
  readonly urn: string;
  /** The rule's description, and a sentence below it. */
  readonly message: string;
  readonly mandatory: boolean;
}

/** The first line: the rules are being asked. */
export const SERVING = JSON.stringify({ serving: true });

/**
 * Receives a preview's findings. Pulumi's JSON lacks them, and its event log has every value of every resource as well:
 * 7 MB for five machines, written and read for a few sentences.
 */
export class Findings {
  private readonly directory = mkdtempSync(join(tmpdir(), "gitops-platform-findings-"));
  private readonly file = join(this.directory, "findings.json");
  /** For the environment of the CLI. */
  readonly env: Readonly<Record<string, string>> = { [FINDINGS_FILE]: this.file };

  constructor() {
    writeFileSync(this.file, "", { mode: 0o600, flag: "wx" });
  }

  /** @returns the findings, sorted, each once; undefined when the pack did not start */
  read(): readonly Finding[] | undefined {
    const lines = existsSync(this.file) ? readFileSync(this.file, "utf8").split("\n") : [];
    if (!lines.includes(SERVING)) return undefined;
    const found = new Set(lines.filter((line) => line !== "" && line !== SERVING));
    return [...found].sort().map((line) => JSON.parse(line) as Finding);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A finding in words: `host-keys: cp-1-prepare: Every SSH connection …`. */
export function describeFinding({ policy, urn, message }: Finding): string {
  return [policy, ...(urn === "" ? [] : [nameOf(urn)]), message.trim()].join(": ");
}
