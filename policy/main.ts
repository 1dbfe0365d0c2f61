import { PolicyPack } from "@pulumi/policy";
import { policies } from "./engine";
import { RULES } from "./rules";

/* The launcher has made the project the working directory. */
new PolicyPack("gitops-platform", { policies: policies(RULES, process.cwd()), enforcementLevel: "mandatory" });
