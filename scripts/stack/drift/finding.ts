/** One thing that is not as the stack left it. */
export interface Finding {
  /** A node's name, or `cluster`. */
  readonly where: string;
  /** `/etc/crictl.yaml`, `service kubelet`, `Deployment argocd/argocd-server`. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  /** What a person does about it. */
  readonly cure: string;
}

/** Something that could not be compared: whether there is drift behind it is unknown. */
export interface Blind {
  readonly where: string;
  readonly reason: string;
}

/** Everything that one run found. */
export interface DriftReport {
  readonly stack: string;
  readonly nodes: number;
  readonly findings: readonly Finding[];
  readonly blind: readonly Blind[];
  /** Applications below the root that are not Synced and Healthy: Git owns them, so they are no drift of the stack. */
  readonly applications: readonly { readonly name: string; readonly sync: string; readonly health: string }[];
  /** Objects that are as they were written, but not ready just now, a sentence each: no drift either. */
  readonly unready: readonly string[];
  /** Newer packages and measured disks, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * 0: nothing. 7: drift, as Pulumi's own `--expect-no-changes`. 1: something could not be compared, whatever else was
 * found: a night in which a node did not answer must not look like one in which it did.
 */
export function exitCodeOf({ findings, blind }: DriftReport | Pick<DriftReport, "findings" | "blind">): 0 | 1 | 7 {
  if (blind.length > 0) return 1;
  return findings.length > 0 ? 7 : 0;
}
