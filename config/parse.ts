import { readArtifacts } from "./artifact-list";
import { SEALED_SECRETS_CHARTS, checkVersions } from "./compatibility";
import { checkExposure, firewallOf } from "./exposure";
import { unknownKey } from "./fields";
import { firstHost, parseNetwork } from "../components/addresses/ipv4";
import { type KeyMaterial, type Surroundings, readKeys } from "./key-material";
import { outline } from "./outline";
import { type StackNotice, checkAccepted, notices } from "./notices";
import { type Problem, keyOf, problem } from "./problem";
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
  const result = stackSchema.safeParse(raw);
  const form = result.success ? [] : result.error.issues.flatMap(problemsOf);
  const seen = outline(raw);
  const { keys, problems: keyProblems } = readKeys(seen, around);
  const { list, problems: listProblems } = readArtifacts(seen, around.read);
  const rules = [
    ...checkTopology(seen),
    ...checkExposure(seen),
    ...checkHypervisors(seen),
    ...checkVersions(seen.versions),
    ...checkAccepted(seen.acceptedNotices, seen.versions),
    ...keyProblems,
    ...listProblems,
  ];
  // A key that is wrong in itself has its sentence; what a rule makes of it would only confuse.
  const all = [...form, ...rules.filter((rule) => !form.some(({ key }) => `${rule.key}.`.startsWith(`${key}.`)))];
  const open = around.preview ? all.filter((entry) => entry.open) : [];
  const problems = all.filter((entry) => !open.includes(entry));
  if (!result.success || problems.length > 0) return { problems, open };
  const due = notices(result.data.versions, result.data.acceptedNotices, around.now);
  return { config: assemble(result.data, keys, list, due), problems: [], open };
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
  const { acceptedNotices: _accepted, artifacts, gitops, localMachines, network, ssh, ...rest } = file;
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
  };
}
