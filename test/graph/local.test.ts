/** The rules of invariants.ts over Pulumi.local.yaml. A file of its own: the program is a module, run once a process. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { testedStackFile } from "../stacks/stack-file";
import { sweep } from "./invariants";

const { config } = parse(readFileSync(testedStackFile("local"), "utf8")) as {
  config: { "gitops-platform:nodes": readonly { readonly role: string; readonly address: string }[] };
};

// Whoever tries the platform has as many machines as they like.
const addressesOf = (wanted: string): string[] =>
  config["gitops-platform:nodes"].flatMap(({ role, address }) => (role === wanted ? [address] : []));

sweep("local", { controlPlanes: addressesOf("control-plane"), workers: addressesOf("worker"), disposable: true });
