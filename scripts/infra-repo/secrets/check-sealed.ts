import type { Finding } from "../manifests/finding";
import { type Identity, type Scope, unseal } from "./kubeseal";
import type { SealedValue } from "./sealed-secrets";

/** How many kubeseals run at once: each takes a tenth of a second and a core. */
const AT_ONCE = 2;

/** Tries every value with some keys under the name that it is rendered with. @returns those that don't open */
export async function unopened(
  program: string,
  keys: readonly string[],
  values: readonly SealedValue[],
): Promise<SealedValue[]> {
  const failed: SealedValue[] = [];
  const queue = [...values];
  const worker = async (): Promise<void> => {
    for (let value = queue.shift(); value; value = queue.shift())
      if ((await unseal(program, keys, value)) === undefined) failed.push(value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return values.filter((value) => failed.includes(value));
}

/** Says why values don't open: sealed under another name, in another scope, or for keys that the stack doesn't have. */
export async function explain(
  program: string,
  keys: readonly string[],
  failed: readonly SealedValue[],
  all: readonly SealedValue[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const value of failed) {
    const meant = await sealedAs(program, keys, value, all);
    const text = meant === undefined ? foreign(keys.length) : mismatch(value.identity, meant);
    const { namespace, name } = value.identity;
    findings.push({
      rule: "sealed",
      place: value.written?.file ?? value.place,
      object: `SealedSecret ${namespace}/${name}`,
      field: `spec.encryptedData.${value.key}`,
      text,
    });
  }
  return findings;
}

function foreign(count: number): string {
  const keys = count === 1 ? "the stack's key doesn't open it" : `none of the stack's ${count} keys opens it`;
  return `${keys}: it was sealed for another stack, or for a key that was dropped; seal it again with npm run seal`;
}

function mismatch(rendered: Identity, meant: Identity): string {
  const cure = "write that one, or seal it again with npm run seal";
  if (meant.scope !== rendered.scope) {
    return `was sealed ${meant.scope} and is applied ${rendered.scope}; add the annotation sealedsecrets.bitnami.com/${meant.scope}: "true", or seal it again with npm run seal`;
  }
  if (meant.name === rendered.name)
    return `was sealed for the namespace ${meant.namespace} and is applied in ${rendered.namespace}; ${cure}`;
  return `was sealed for ${meant.namespace}/${meant.name} and is applied as ${rendered.namespace}/${rendered.name}; ${cure}`;
}

/** The name, among those that are around, under which a value opens after all. */
async function sealedAs(
  program: string,
  keys: readonly string[],
  { identity, key, value, written }: SealedValue,
  all: readonly SealedValue[],
): Promise<Identity | undefined> {
  const namespaces = [
    identity.namespace,
    written?.namespace ?? "",
    "default",
    ...all.map((other) => other.identity.namespace),
  ];
  const names = [identity.name, written?.name ?? "", ...all.map((other) => other.identity.name)];
  const scopes: readonly Scope[] = ["strict", "namespace-wide", "cluster-wide"];
  const tried = new Set<string>();
  for (const scope of scopes) {
    for (const namespace of scope === "cluster-wide" ? [identity.namespace] : namespaces) {
      for (const name of scope === "strict" ? names : [identity.name]) {
        const id = `${scope} ${namespace} ${name}`;
        if (namespace === "" || name === "" || tried.has(id)) continue;
        tried.add(id);
        const candidate = { namespace, name, scope };
        if ((await unseal(program, keys, { identity: candidate, key, value })) !== undefined) return candidate;
      }
    }
  }
  return undefined;
}
