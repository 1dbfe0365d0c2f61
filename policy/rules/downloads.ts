import { TOKENS } from "../../components/tokens";
import { entries, fields, type Fields, text } from "../resource";
import type { ResourceRule } from "../rule";
import { DIGEST, shownReference } from "./image-reference";

const SHA256 = /^[0-9a-f]{64}$/;
const CHECKSUM = { sha256: SHA256, sha512: /^[0-9a-f]{128}$/ } as const;

/** The lists of a role's downloads: what an entry is called by, and what pins it. */
const LISTS = [
  { list: "files", called: "name", pinnedBy: "sha256", pin: SHA256, mayBeEmpty: false },
  { list: "images", called: "reference", pinnedBy: "digest", pin: DIGEST, mayBeEmpty: false },
  { list: "prefetch", called: "reference", pinnedBy: "digest", pin: DIGEST, mayBeEmpty: true },
] as const;

export const pinnedDownloads: ResourceRule = {
  name: "pinned-downloads",
  description: "Machines download nothing that isn't pinned by checksum or digest.",
  enforcement: "mandatory",
  comply: "take it from the artifact list (nodeDownloads), which has a sha256 or digest for each",
  resource: ({ type, values }) => {
    if (type === TOKENS.kubernetesCluster) return nodeDownloads(values);
    return type === TOKENS.hypervisor ? guestImage(fields(values["image"])) : [];
  },
};

/** A list that isn't there is no list without faults: a role that nothing is known of is a violation. */
function nodeDownloads({ downloads, nodes }: Fields): string[] {
  const roles = [...new Set(entries(nodes).map((node) => text(fields(node)["role"]) ?? "?"))];
  if (roles.length === 0) return ["doesn't tell its nodes (inputs.nodes), so nothing says what they download"];
  return roles.flatMap((role) => {
    const lists = fields(fields(downloads)[role]);
    return LISTS.flatMap(({ called, list, mayBeEmpty, pin, pinnedBy }) => {
      const path = `downloads.${role}.${list}`;
      const listed = entries(lists[list]).map(fields);
      if (!Array.isArray(lists[list]) || (listed.length === 0 && !mayBeEmpty))
        return [`doesn't tell ${path}: nothing says what a ${role} downloads`];
      return listed
        .filter((entry) => !pin.test(text(entry[pinnedBy]) ?? ""))
        .map((entry) => `${path} has ${shownReference(text(entry[called]) ?? "")} without a pin (need ${pinnedBy})`);
    });
  });
}

/** The image that guests start from; a path on the hypervisor is checked there as well. */
function guestImage({ checksum, location }: Fields): string[] {
  const where = text(location);
  if (where === undefined) return ["doesn't tell the image that its guests start from (inputs.image)"];
  const { algorithm, hex } = fields(checksum);
  const pin = algorithm === "sha256" || algorithm === "sha512" ? CHECKSUM[algorithm] : undefined;
  if (pin?.test(text(hex) ?? "")) return [];
  return [`image is ${shownReference(where)} without a pin (need checksum, sha256 or sha512)`];
}
