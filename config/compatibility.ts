import { type Problem, problem } from "./problem";
import type { StackFile } from "./schema";

/** A Kubernetes release and what kubeadm pairs with it (`kubeadm config images list`). */
interface KubernetesRelease {
  readonly line: string;
  readonly etcd: string;
  readonly coreDNS: string;
  readonly pause: string;
}

/** A release of a part that runs on Kubernetes. */
interface Release {
  /** Tag of the Redis in Argo CD's manifest. */
  readonly redis?: string;
  /** Kubernetes lines it may run on; unset: it does not depend on the line. */
  readonly kubernetes?: readonly string[];
}

type Versions = StackFile["versions"];
type Part = Exclude<keyof Versions, "kubernetes">;

/** The Kubernetes releases this program sets up. */
export const KUBERNETES: Readonly<Record<string, KubernetesRelease>> = {
  "1.27.3": { line: "1.27", etcd: "3.5.7-0", coreDNS: "1.10.1", pause: "3.9" },
  "1.27.4": { line: "1.27", etcd: "3.5.7-0", coreDNS: "1.10.1", pause: "3.9" },
  "1.27.16": { line: "1.27", etcd: "3.5.12-0", coreDNS: "1.10.1", pause: "3.9" },
};

/** The releases that may run on them: a stack file with half a bump is an error in the preview, not an incident. */
export const PARTS: Readonly<Record<Part, Readonly<Record<string, Release>>>> = {
  argocd: {
    "2.7.15": { kubernetes: ["1.27"], redis: "7.0.14-alpine" },
    "2.13.9": { kubernetes: ["1.27"], redis: "7.0.15-alpine" },
  },
  sealedSecrets: { "0.36.6": {} },
  flannel: { "0.26.7": {} },
  kubeRouter: { "2.1.0": {} },
};

/** The chart of each Sealed Secrets release, whose rendered manifest is in components/gitops/manifests. */
export const SEALED_SECRETS_CHARTS: Readonly<Record<string, string>> = { "0.36.6": "2.18.4" };

/** Checks that versions are supported, alone and together. Takes the well-formed ones; the others have their sentences already. */
export function checkVersions(versions: Partial<Versions>): Problem[] {
  const { kubernetes, ...parts } = versions;
  const problems: Problem[] = [];
  if (kubernetes !== undefined && !(kubernetes in KUBERNETES)) {
    problems.push(unsupported("kubernetes", kubernetes, Object.keys(KUBERNETES)));
  }
  for (const [part, version] of Object.entries(parts) as [Part, string | undefined][]) {
    if (version === undefined) continue;
    const releases = PARTS[part];
    const release = releases[version];
    const line = kubernetes?.split(".").slice(0, 2).join(".");
    if (!release) {
      problems.push(unsupported(part, version, Object.keys(releases)));
    } else if (line !== undefined && release.kubernetes && !release.kubernetes.includes(line)) {
      const lines = release.kubernetes.join(" and ");
      problems.push(
        problem(
          `versions.${part}`,
          `${version} does not fit versions.kubernetes ${kubernetes} (this pair was never run, ${version} is for ` +
            `Kubernetes ${lines}); change one of the two`,
        ),
      );
    }
  }
  return problems;
}

function unsupported(part: keyof Versions, version: string, supported: readonly string[]): Problem {
  return problem(`versions.${part}`, `${version} is not supported; use ${supported.join(" or ")}`);
}
