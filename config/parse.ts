import { readArtifacts } from "./artifact-list";
import { SEALED_SECRETS_CHARTS, checkVersions } from "./compatibility";
import { unknownKey } from "./fields";
import { firstHost, parseNetwork } from "./ipv4";
import { type KeyMaterial, type Surroundings, readKeys } from "./key-material";
import { outline } from "./outline";
import { type StackNotice, checkAccepted, notices } from "./notices";
import { type Problem, keyOf, problem } from "./problem";
import { type StackFile, stackSchema } from "./schema";
import { checkHypervisors } from "./placement";
import type { GuestImage, StackConfig } from "./stack-config";
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
  const told = notices(result.data.versions, result.data.acceptedNotices, around.now);
  return { config: assemble(result.data, keys, list, told), problems: [], open };
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== "unrecognized_keys") return [problem(keyOf(issue.path), issue.message)];
  return issue.keys.map((key) => problem(keyOf([...issue.path, key]), unknownKey(key, issue.message)));
}

function assemble(
  file: StackFile,
  keys: KeyMaterial,
  list: ArtifactList,
  told: readonly StackNotice[],
): StackConfig<string> {
  const { acceptedNotices: _accepted, artifacts, gitops, guestImage, localMachines, network, ...rest } = file;
  const { repoURL, targetRevision, path, nodePort, applicationSets, reconciliationSeconds } = gitops;
  const parsed = parseNetwork(network.cidr);
  const bridgeAddress = localMachines?.hostAddress ?? (parsed && firstHost(parsed)) ?? "";
  return {
    ...rest,
    network,
    sealedSecretsChart: SEALED_SECRETS_CHARTS[file.versions.sealedSecrets] ?? "",
    artifacts: {
      source:
        artifacts.source === "mirror"
          ? { source: "mirror", files: artifacts.files, registry: artifacts.registry }
          : { source: "upstream" },
      list,
    },
    ssh: { user: file.ssh.user, privateKey: keys.login },
    nodes: file.nodes.map((node, index) =>
      node.kind === "adopted" ? { ...node, hostKey: keys.nodeHostKeys[index] ?? node.hostKey } : node,
    ),
    hypervisors: file.hypervisors.map((entry, index) => withHostKeys(entry, keys.hypervisorHostKeys[index])),
    ...(guestImage ? { guestImage: oneImage(guestImage) } : {}),
    ...(localMachines ? { localMachines: { bridge: localMachines.bridge, hostAddress: bridgeAddress } } : {}),
    gitops: {
      repoURL,
      targetRevision,
      path,
      applicationSets,
      reconciliationSeconds,
      hostKeys: keys.repositoryHostKeys,
      ...(keys.deploy === undefined ? {} : { deployKey: keys.deploy }),
      ...(nodePort === undefined ? {} : { nodePort }),
    },
    // `pulumi config set` drops the newline that PEM ends in.
    sealingKeys: file.sealingKeys.map(({ certificate, privateKey }) => ({
      certificate: `${certificate.trimEnd()}\n`,
      privateKey: `${privateKey.trimEnd()}\n`,
    })),
    notices: told,
  };
}

/** A hypervisor with its host keys as they are pinned: without comments. */
function withHostKeys(
  entry: StackFile["hypervisors"][number],
  keys: KeyMaterial["hypervisorHostKeys"][number] | undefined,
): StackFile["hypervisors"][number] {
  const { bastion } = entry;
  return {
    ...entry,
    hostKey: keys?.host ?? entry.hostKey,
    ...(bastion ? { bastion: { ...bastion, hostKey: keys?.bastion ?? bastion.hostKey } } : {}),
  };
}

/** The rules saw to it that there is one location and one checksum. */
function oneImage({ format, path, sha256, sha512, url }: NonNullable<StackFile["guestImage"]>): GuestImage {
  return {
    location: url ?? path ?? "",
    checksum: sha512 === undefined ? { algorithm: "sha256", hex: sha256 ?? "" } : { algorithm: "sha512", hex: sha512 },
    format,
  };
}
