import { readArtifacts } from "./artifact-list";
import { SEALED_SECRETS_CHARTS, checkVersions } from "./compatibility";
import { checkAddresses } from "./address-rules";
import { checkExposure, firewallOf } from "./exposure";
import { meantKey, unknownKey } from "./fields";
import { firstHost, parseNetwork } from "../components/addresses/ipv4";
import { type KeyMaterial, type Surroundings, readKeys } from "./key-material";
import { outline } from "./outline";
import { type StackNotice, checkAccepted, notices } from "./notices";
import { type Problem, keyOf, problem, withoutFollowers } from "./problem";
import { type StackFile, stackSchema } from "./schema";
import { checkHypervisors } from "./placement";
import type { StackConfig } from "./stack-config";
import { checkTopology } from "./topology";
import type { ArtifactList } from "../components/artifacts/artifact";
import type { z } from "zod";

/**
 * A stack's configuration with its secrets in plain text, or everything that is wrong with it. `open` is what an update
 * would refuse, and a preview goes on without.
 */
export type Parsed =
  | { readonly config: StackConfig<string>; readonly problems: readonly []; readonly open: readonly Problem[] }
  | { readonly config?: undefined; readonly problems: readonly Problem[]; readonly open: readonly Problem[] };

/** Parses the whole configuration of a stack. Pure but for what `around.read` reads. */
export function parseStack(raw: unknown, around: Surroundings): Parsed {
  const { value, misspelt } = respell(raw);
  const result = stackSchema.safeParse(value);
  const form = result.success ? [] : result.error.issues.flatMap(problemsOf);
  const seen = outline(value);
  const { keys, problems: keyProblems } = readKeys(seen, around);
  const { list, problems: listProblems } = readArtifacts(seen, around.read);
  const rules = [
    ...checkTopology(seen),
    ...checkAddresses(seen),
    ...checkExposure(seen),
    ...checkHypervisors(seen),
    ...checkVersions(seen.versions),
    ...checkAccepted(seen.acceptedNotices, seen.versions),
    ...keyProblems,
    ...listProblems,
  ];
  // A key that is wrong in itself has its sentence; what a rule makes of it would only confuse.
  const further = rules.filter((rule) => !form.some(({ key }) => `${rule.key}.`.startsWith(`${key}.`)));
  const all = [...misspelt, ...form, ...withoutFollowers(further, form)];
  const open = around.preview ? all.filter((entry) => entry.open) : [];
  const problems = all.filter((entry) => !open.includes(entry));
  if (!result.success || problems.length > 0) return { problems, open };
  const due = notices(result.data.versions, result.data.acceptedNotices, around.now);
  return { config: assemble(result.data, keys, list, due), problems: [], open };
}

/**
 * Reads a misspelt key as the missing one that it is nearest to, so that its problem is the only one: without it, half
 * of a stack file would seem to be missing, and the other half to be for nothing.
 */
function respell(raw: unknown): { readonly value: unknown; readonly misspelt: readonly Problem[] } {
  const value: unknown = structuredClone(raw);
  const misspelt: Problem[] = [];
  // What is below a misspelt key is only read once that key is.
  for (let before = -1; before < misspelt.length;) {
    before = misspelt.length;
    for (const issue of stackSchema.safeParse(value).error?.issues ?? []) {
      if (issue.code !== "unrecognized_keys") continue;
      const section = issue.path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown>)[step], value);
      for (const key of issue.keys) {
        const meant = meantKey(key, issue.message);
        if (meant === undefined || !rename(section as Record<string, unknown>, key, meant)) continue;
        misspelt.push(problem(keyOf([...issue.path, key]), unknownKey(key, issue.message)));
      }
    }
  }
  return { value, misspelt };
}

/** @returns whether the place was free */
function rename(section: Record<string, unknown>, from: string, to: string): boolean {
  if (to in section) return false;
  section[to] = section[from];
  Reflect.deleteProperty(section, from);
  return true;
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== "unrecognized_keys") return [problem(keyOf(issue.path), issue.message)];
  return issue.keys.map((key) => problem(keyOf([...issue.path, key]), unknownKey(key, issue.message)));
}

function assemble(
  file: StackFile,
  keys: KeyMaterial,
  list: ArtifactList,
  due: readonly StackNotice[],
): StackConfig<string> {
  const { acceptedNotices: _accepted, artifacts, gitops, localMachines, network, snapshots, ssh, ...rest } = file;
  const { deployKey: _key, deployKeyFile: _file, ...repository } = gitops;
  const { list: _list, ...source } = artifacts;
  const parsed = parseNetwork(network.cidr);
  const hostAddress = localMachines?.hostAddress ?? (parsed && firstHost(parsed)) ?? "";
  return {
    ...rest,
    network,
    firewall: firewallOf(file, localMachines && hostAddress),
    sealedSecretsChart: SEALED_SECRETS_CHARTS[file.versions.sealedSecrets] ?? "",
    artifacts: { source, list },
    ssh: { user: ssh.user, privateKey: keys.login },
    nodes: file.nodes.map((node) => (node.kind === "adopted" ? { ...node, user: node.user ?? ssh.user } : node)),
    localMachines: localMachines && { ...localMachines, hostAddress },
    gitops: { ...repository, deployKey: keys.deploy },
    // `pulumi config set` drops the newline that PEM ends in.
    sealingKeys: file.sealingKeys.map(({ certificate, privateKey }) => ({
      certificate: `${certificate.trimEnd()}\n`,
      privateKey: `${privateKey.trimEnd()}\n`,
    })),
    notices: due,
    ...(snapshots && keys.recipient
      ? { snapshots: { everyHours: snapshots.everyHours, recipient: keys.recipient } }
      : {}),
  };
}
