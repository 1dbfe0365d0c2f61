import { PolicyPack } from "@pulumi/policy";
import { policies } from "./engine";
import { FINDINGS_FILE } from "./findings";
import { reportFindings } from "./reporting";
import { RULES } from "./rules";
import { trimRequests } from "./trimming";

/** Serves the rules to the engine that started this process, about the project in a directory. */
export function serve(projectDirectory: string): void {
  trimRequests();
  const file = process.env[FINDINGS_FILE];
  if (file) reportFindings(file);
  new PolicyPack("gitops-platform", { policies: policies(RULES, projectDirectory), enforcementLevel: "mandatory" });
}
