import { PolicyPack } from "@pulumi/policy";
import { policies } from "./engine";
import { FINDINGS_FILE } from "./findings";
import { reportFindings } from "./reporting";
import { RULES } from "./rules";

/** Serves the rules to the engine that started this process. @param projectDirectory where Pulumi.yaml is */
export function serve(projectDirectory: string): void {
  const file = process.env[FINDINGS_FILE];
  if (file) reportFindings(file);
  new PolicyPack("gitops-platform", { policies: policies(RULES, projectDirectory), enforcementLevel: "mandatory" });
}
