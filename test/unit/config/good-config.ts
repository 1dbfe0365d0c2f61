import type { Surroundings } from "../../../config/key-material";
import { artifactList } from "../../fixtures/artifacts";
import { type SealingPair, makeLoginKey, makeSealingPair } from "../../fixtures/keys";

export const login = makeLoginKey();
export const deploy = makeLoginKey();
export const host = makeLoginKey();

const versions = {
  kubernetes: "1.27.4",
  argocd: "2.7.15",
  sealedSecrets: "0.36.6",
  flannel: "0.26.7",
  kubeRouter: "2.1.0",
};

/** A configuration without a fault, as a plain object that a test may spoil. */
export function goodConfig(sealing: SealingPair) {
  return {
    cluster: { name: "staging" },
    network: { cidr: "192.0.2.0/24" },
    versions: { ...versions },
    artifacts: { source: "upstream" },
    ssh: { privateKey: login.privateKey },
    nodes: [
      { name: "cp-1", kind: "adopted", role: "control-plane", address: "192.0.2.11", hostKey: host.publicKey },
      { name: "cp-2", kind: "adopted", role: "control-plane", address: "192.0.2.12", hostKey: host.publicKey },
      { name: "cp-3", kind: "adopted", role: "control-plane", address: "192.0.2.13", hostKey: host.publicKey },
      { name: "worker-1", kind: "adopted", role: "worker", address: "192.0.2.21", hostKey: host.publicKey },
    ],
    gitops: {
      repoURL: "ssh://git@git.example.org/infra.git",
      deployKey: deploy.privateKey,
      hostKeys: [host.publicKey],
    },
    sealingKeys: [{ ...sealing }],
  };
}

/** Files by path; anything else is not there. */
export function around(files: Readonly<Record<string, string>> = {}): Surroundings {
  const all: Readonly<Record<string, string>> = {
    "airgap/upstream.json": JSON.stringify(artifactList(versions)),
    ...files,
  };
  return {
    stack: "staging",
    now: new Date(),
    read: (path) => (all[path] === undefined ? { wrong: "there is no such file" } : { ok: all[path] }),
  };
}

let pair: Promise<SealingPair> | undefined;

/** One sealing key pair for all tests of a file: making one takes a moment. */
export function sealingPair(): Promise<SealingPair> {
  return (pair ??= makeSealingPair());
}
