import { join } from "node:path";
import type { Finding } from "../finding";
import { type Identity, type Scope, unseal } from "./kubeseal";
import type { SealedValue } from "./sealed-secrets";

/** Each kubeseal takes a core for a tenth of a second. */
const AT_ONCE = 2;

/** Tries to open every value under the name that it is rendered with. @returns those that don't open */
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

/** For whom values are sealed again, and where. */
interface Owner {
  readonly stack: string;
  /** The folder that the command was given: its files are named from where the operator is. */
  readonly repository: string;
}

/** Why values don't open: sealed under another name, in another scope, or for keys that the stack doesn't have. */
export async function explain(
  program: string,
  owner: Owner,
  keys: readonly string[],
  failed: readonly SealedValue[],
  all: readonly SealedValue[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const value of failed) {
    const meant = await sealedAs(program, keys, value, all);
    const text = meant === undefined ? foreign(owner, keys.length, value) : mismatch(owner, value, meant);
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

function foreign(owner: Owner, count: number, value: SealedValue): string {
  const keys = count === 1 ? "the stack's key doesn't open it" : `none of the stack's ${count} keys opens it`;
  return `${keys}: it was sealed for another stack, or for a key that was dropped; seal it again: ${sealCommand(owner, value)}`;
}

function mismatch(owner: Owner, value: SealedValue, meant: Identity): string {
  const { identity, written } = value;
  const again = `seal it again: ${sealCommand(owner, value)}`;
  if (meant.scope !== identity.scope) {
    const annotation = `sealedsecrets.bitnami.com/${meant.scope}: "true"`;
    const cure = meant.scope === "strict" ? "remove the annotation" : `add the annotation ${annotation}`;
    return `was sealed ${meant.scope} and is applied ${identity.scope}; ${cure}, or ${again}`;
  }
  if (meant.name === identity.name)
    return `was sealed for the namespace ${meant.namespace} and is applied in ${identity.namespace}; write that one, or ${again}`;
  // A prefix, a suffix or a replacement renames it on the way.
  const renamed = written?.name !== undefined && written.name !== identity.name;
  const cure = renamed ? `render it under the name ${meant.name}` : "write that one";
  return `was sealed for ${meant.namespace}/${meant.name} and is applied as ${identity.namespace}/${identity.name}; ${cure}, or ${again}`;
}

/** A command that seals a value so that it opens as it is applied. `npm run seal` keeps what a file says already. */
function sealCommand({ stack, repository }: Owner, { identity, key, written }: SealedValue): string {
  const { namespace, name, scope } = identity;
  const seal = `npm run seal -- ${stack} ${namespace}`;
  if (written === undefined) return `${seal} ${name} ${key}=-${scope === "strict" ? "" : ` --scope ${scope}`}`;
  const file = join(repository, written.file);
  const renamed = written.name !== undefined && written.name !== name;
  const moved = written.namespace !== undefined && written.namespace !== namespace;
  if (!renamed && !moved) return `${seal} ${name} ${key}=- --out ${file}`;
  // A name that the rendering changes is no name to seal for.
  const any = renamed && scope === "strict" ? "namespace-wide" : scope;
  return `rm ${file} && ${seal} ${written.name ?? name} ${key}=- --scope ${any} --out ${file}`;
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
