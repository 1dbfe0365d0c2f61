import { TOKENS } from "../../components/tokens";
import { fields, lineage, type Resource, stackOf } from "../resource";
import type { ResourceRule } from "../rule";
import { isProduction } from "./cluster-facts";

export const protectedKeys: ResourceRule = {
  name: "protected-keys",
  description: "In production no update deletes or replaces a sealing key or the key of a machine.",
  enforcement: "mandatory",
  settings: ["stacks"],
  comply: "set cluster.protectKeys: true in the stack file; docs/guides/policy.md says how such a stack is destroyed",
  resource: (resource, settings) => {
    if (!isProduction(stackOf(resource.urn), settings) || resource.protect) return [];
    if (isSealingKey(resource))
      return ["holds a sealing key and is not protected: what Git has sealed with it would stay shut"];
    if (isHostKeySeed(resource))
      return ["is what a host key is made from and is not protected: another one replaces the machine"];
    return [];
  },
};

function isSealingKey(resource: Resource): boolean {
  if (resource.type !== "kubernetes:core/v1:Secret") return false;
  const labels = fields(fields(resource.values["metadata"])["labels"]);
  return "sealedsecrets.bitnami.com/sealed-secrets-key" in labels;
}

function isHostKeySeed({ type, urn }: Resource): boolean {
  return type.startsWith("random:") && lineage(urn).includes(TOKENS.hostKey);
}
