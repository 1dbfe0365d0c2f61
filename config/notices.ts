import { type Problem, nearest, problem } from "./problem";
import type { StackFile } from "./schema";

type Versions = StackFile["versions"];
type Accepted = StackFile["acceptedNotices"][number];

/** A known shortcoming of a version that is supported all the same. */
interface Notice {
  /** What `acceptedNotices` names. */
  readonly id: string;
  readonly kind: "end-of-life" | "vulnerability" | "support";
  /** When it ended or was published, ISO 8601; before, there is no notice. @default always */
  readonly date?: string;
  /** Unset: what every machine has. */
  readonly part?: keyof Versions;
  /** The versions it is about: those of a line, and those before a release. @default all */
  readonly line?: string;
  readonly before?: string;
  readonly text: string;
}

/** A notice about what a stack uses; `accepted` is the reason why that is all right, and when it ends. */
export interface StackNotice {
  readonly id: string;
  readonly kind: Notice["kind"];
  readonly date?: string;
  readonly text: string;
  readonly accepted?: string;
}

const NOTICES: readonly Notice[] = [
  {
    id: "kubernetes-1.27",
    kind: "end-of-life",
    date: "2024-07-16",
    part: "kubernetes",
    line: "1.27",
    text: "Kubernetes 1.27 is past its end of life; 1.27.16 was its last release",
  },
  // kubernetes/kubernetes#124336
  {
    id: "CVE-2024-3177",
    kind: "vulnerability",
    date: "2024-04-16",
    part: "kubernetes",
    before: "1.27.13",
    text: "in Kubernetes before 1.27.13 a pod can mount secrets that its service account may not; 1.27.16 has the fix",
  },
  // kubernetes/kubernetes#128885
  {
    id: "CVE-2024-10220",
    kind: "vulnerability",
    date: "2024-11-20",
    part: "kubernetes",
    before: "1.28.12",
    text: "in Kubernetes before 1.28.12 a gitRepo volume runs commands on the node; let nobody make pods with one",
  },
  // Upstream maintains three minor versions; 2.10 was the third after this one.
  {
    id: "argocd-2.7",
    kind: "end-of-life",
    date: "2024-02-05",
    part: "argocd",
    line: "2.7",
    text: "Argo CD 2.7 is past its end of life, and was tested upstream on Kubernetes 1.23 to 1.26 only",
  },
  {
    id: "argocd-2.13",
    kind: "end-of-life",
    part: "argocd",
    line: "2.13",
    text: "Argo CD 2.13 is past its end of life; upstream maintains 3.x",
  },
  // GHSA-gpx4-37g2-c8pv, from 2.9 to 2.14.19
  {
    id: "CVE-2025-59538",
    kind: "vulnerability",
    date: "2025-10-01",
    part: "argocd",
    line: "2.13",
    text: "in Argo CD 2.13 anyone who reaches its webhook can stop its API server; let your Git server alone reach it",
  },
  // GHSA-9766-5277-j5hr
  {
    id: "CVE-2024-31989",
    kind: "vulnerability",
    date: "2024-05-21",
    part: "argocd",
    before: "2.8.19",
    text: "Argo CD before 2.8.19 leaves its Redis open to every pod; here it has a password, and network policies are enforced",
  },
  // GHSA-2hj5-g64g-fp6p
  {
    id: "CVE-2025-47933",
    kind: "vulnerability",
    date: "2025-05-29",
    part: "argocd",
    before: "2.13.8",
    text: "in Argo CD before 2.13.8 a user who may edit a repository can run scripts in the browser of one who opens it; let administrators alone edit repositories",
  },
  // GHSA-786q-9hcg-v9ff
  {
    id: "CVE-2025-55190",
    kind: "vulnerability",
    date: "2025-09-04",
    part: "argocd",
    before: "2.13.9",
    text: "in Argo CD before 2.13.9 a token that may read a project can read the credentials of its repositories; give out no project tokens",
  },
  {
    id: "sealed-secrets-0.36.6",
    kind: "support",
    part: "sealedSecrets",
    line: "0.36.6",
    text: "Sealed Secrets 0.36.6 is marked an incomplete release upstream",
  },
  // containerd 1.6 ended upstream on 2025-08-23; the machines have Debian's, which is patched as long as Debian 12 is.
  {
    id: "debian-12",
    kind: "end-of-life",
    date: "2028-06-30",
    text: "Debian 12 gets no more security updates, and with it containerd 1.6",
  },
];

/** The notices about the chosen versions, those that are accepted today marked as such. */
export function notices(versions: Versions, accepted: readonly Accepted[], now: Date): StackNotice[] {
  const today = now.toISOString().slice(0, 10);
  const due = NOTICES.filter(({ date }) => date === undefined || date <= today);
  return due
    .filter((notice) => isAbout(notice, versions))
    .map(({ id, kind, date, text }) => {
      const acceptance = accepted.find((entry) => entry.ids.includes(id) && entry.until >= today);
      const reason = acceptance && `${acceptance.reason} (until ${acceptance.until})`;
      return { id, kind, text, date, accepted: reason };
    });
}

/** One line for a preview: `CVE-2025-55190 (2025-09-04): in Argo CD before …`. */
export function describeNotice({ id, date, text }: StackNotice): string {
  return date === undefined ? `${id}: ${text}` : `${id} (${date}): ${text}`;
}

/** The notices in short, for the stack's outputs, which policies read. */
export interface NoticeSummary {
  /** Open ones: `kubernetes-1.27 (2024-07-16)`. */
  readonly endOfLife: readonly string[];
  readonly vulnerabilities: readonly string[];
  /** `CVE-2024-31989 (2024-05-21), accepted: no tenant runs pods here (until 2027-06-30)`. */
  readonly accepted: readonly string[];
}

export function summarizeNotices(all: readonly StackNotice[]): NoticeSummary {
  const dated = ({ id, date }: StackNotice): string => (date === undefined ? id : `${id} (${date})`);
  const open = (kind: Notice["kind"]): string[] =>
    all.filter((notice) => notice.kind === kind && notice.accepted === undefined).map(dated);
  return {
    endOfLife: open("end-of-life"),
    vulnerabilities: open("vulnerability"),
    accepted: all.flatMap((notice) => (notice.accepted ? [`${dated(notice)}, accepted: ${notice.accepted}`] : [])),
  };
}

/** Checks that what is accepted is about something that the stack uses. */
export function checkAccepted(accepted: readonly Partial<Accepted>[], versions: Partial<Versions>): Problem[] {
  const known = NOTICES.filter((notice) => isAbout(notice, versions)).map(({ id }) => id);
  return accepted.flatMap(({ ids = [] }, index) =>
    ids.flatMap((id, place) => {
      if (known.includes(id)) return [];
      const meant = nearest(id, known);
      const cure = meant === undefined ? "remove it" : `did you mean ${meant}?`;
      return [
        problem(`acceptedNotices[${index}].ids[${place}]`, `${id} is about nothing that this stack uses; ${cure}`),
      ];
    }),
  );
}

function isAbout({ part, line, before }: Notice, versions: Partial<Versions>): boolean {
  if (part === undefined) return true;
  const version = versions[part];
  if (version === undefined) return false;
  const ofLine = line === undefined || version === line || version.startsWith(`${line}.`);
  return ofLine && (before === undefined || isBefore(version, before));
}

/** Compares versions of three numbers. */
function isBefore(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split(".").map(Number));
  const different = left?.findIndex((number, index) => number !== right?.[index]) ?? -1;
  return different >= 0 && (left?.[different] ?? 0) < (right?.[different] ?? 0);
}
