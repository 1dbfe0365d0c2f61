import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addressOf } from "../../../scripts/stack/plan/address";
import type { Digest, Step } from "../../../scripts/stack/plan/digest";

const RECORDED = join(__dirname, "recorded");

/** A plan that the real engine made (test/plans/record.ts). */
export function recorded(name: string): Digest {
  return JSON.parse(readFileSync(join(RECORDED, `${name}.json`), "utf8")) as Digest;
}

/** The comment that it has to become. */
export function expectedComment(name: string): string {
  return readFileSync(join(RECORDED, `${name}.md`), "utf8");
}

/** A digest of given steps in a cluster of given nodes, each `name: role`. */
export function digestOf(nodes: Readonly<Record<string, string>>, steps: readonly Step[]): Digest {
  const list = Object.entries(nodes).map(([name, role]) => ({ name, role }));
  return { config: { "gitops-platform:nodes": JSON.stringify(list) }, steps };
}

/** One step. @param types the types of its URN, outermost component first */
export function step(op: string, types: readonly string[], name: string, more: Partial<Step> = {}): Step {
  const type = types.at(-1) ?? "";
  const custom = !type.startsWith("gitops-platform:");
  const state = { type, custom };
  return {
    op,
    urn: `urn:pulumi:test::gitops-platform::${types.join("$")}::${name}`,
    ...(op === "create" ? {} : { oldState: state }),
    ...(op === "delete" ? {} : { newState: state }),
    ...more,
  };
}

/** A resource without where it stands and what its name is derived from: `kubernetes:core/v1:Secret argocd-secret`. */
export function resourceOf(type: string, name: string): string {
  return `${type} ${name.replace(/^(sealed-secrets-key)-[0-9a-f]+$/, "$1")}`;
}

/** The resources that a plan is about, the stack itself left out. */
export function resourcesIn({ steps }: Digest): ReadonlySet<string> {
  const addresses = (steps ?? []).map(({ urn }) => addressOf(urn));
  return new Set(
    addresses.filter(({ type }) => type !== "pulumi:pulumi:Stack").map(({ type, name }) => resourceOf(type, name)),
  );
}
