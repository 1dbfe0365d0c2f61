import { PolicyPack } from "@pulumi/policy";
import { policies } from "./engine";
import { RULES } from "./rules";
import { trimRequests } from "./trimming";

/** Serves the rules to the engine that started this process, about the project in a directory. */
export function serve(projectDirectory: string): void {
  trimRequests();
  new PolicyPack("gitops-platform", { policies: policies(RULES, projectDirectory), enforcementLevel: "mandatory" });
}
