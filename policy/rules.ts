import type { Rule } from "./rule";
import { fixedVersions, pinnedImages } from "./rules/artifacts";
import { controlPlanes } from "./rules/control-planes";
import { deletedWith } from "./rules/deleted-with";
import { gateForEveryEtcdNode, noGateOverride } from "./rules/disk-gate";
import { pinnedDownloads } from "./rules/downloads";
import { endOfLife, knownVulnerabilities } from "./rules/lifecycle";
import { protectedKeys } from "./rules/protected-keys";
import { hostKeys, noTriggersWithDelete, silentCommands } from "./rules/remote-commands";
import { noPlainSecrets } from "./rules/stack-file";

/** Every rule that a preview must keep. */
export const RULES: readonly Rule[] = [
  hostKeys,
  silentCommands,
  noTriggersWithDelete,
  pinnedImages,
  pinnedDownloads,
  fixedVersions,
  gateForEveryEtcdNode,
  noGateOverride,
  controlPlanes,
  deletedWith,
  protectedKeys,
  noPlainSecrets,
  endOfLife,
  knownVulnerabilities,
];
