import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A stack file as Pulumi keeps it; config/schema.ts knows what its configuration may be. */
export interface StackYaml {
  readonly encryptionsalt?: string;
  readonly secretsprovider?: string;
  /** By key with its namespace: `gitops-platform:nodes`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Reads a stack file without opening its secrets. */
export function readStackYaml(file: string): StackYaml {
  return (parse(readFileSync(file, "utf8")) ?? {}) as StackYaml;
}
