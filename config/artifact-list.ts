import { z } from "zod";
import type { ArtifactList } from "../components/artifacts/artifact";
import {
  CONTROL_PLANE_IMAGES,
  DNS_IMAGE,
  KUBERNETES_FILES,
  KUBERNETES_IMAGES,
  NODE_IMAGES,
  OTHER_FILES,
  WORKLOAD_IMAGES,
} from "../components/artifacts/names";
import { KUBERNETES, PARTS } from "./compatibility";
import type { FileReader } from "./file-reader";
import type { Outline } from "./outline";
import { type Problem, keyOf, openProblem, problem } from "./problem";

const named = { name: z.string().min(1), version: z.string().min(1), path: z.string().min(1) };
const file = z.strictObject({ kind: z.literal("file"), ...named, sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const image = z.strictObject({ kind: z.literal("image"), ...named, digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) });
const listSchema = z.strictObject({
  origin: z.string().min(1),
  artifacts: z.array(z.discriminatedUnion("kind", [file, image])),
});

const unpinnedSchema = z.array(z.strictObject(named));

/** The image of Sealed Secrets. */
const CONTROLLER = "sealed-secrets-controller";

/** The command that makes a list. */
const CURE = "make it with npm run mirror";

/** Stands for a digest that nobody has looked up yet, in previews only: no registry has such an image. */
const NO_DIGEST = `sha256:${"0".repeat(64)}`;

type Named = z.output<typeof unpinnedSchema>[number];

/** An artifact that a stack downloads; without a version any will do, since the configuration doesn't choose it. */
interface Needed {
  readonly name: string;
  readonly version?: string | undefined;
}

/** Reads the list of artifacts and checks that it holds what the chosen versions need. */
export function readArtifacts(outline: Outline, read: FileReader): { list: ArtifactList; problems: Problem[] } {
  const empty: ArtifactList = { origin: "", artifacts: [] };
  const path = outline.artifacts.list;
  if (path === undefined) return { list: empty, problems: [] };
  const wrong = (text: string): { list: ArtifactList; problems: Problem[] } => ({
    list: empty,
    problems: [problem("artifacts.list", `${path} ${text}; ${CURE}`)],
  });
  const content = read(path);
  if ("wrong" in content) return wrong(`can't be read: ${content.wrong}`);
  const json = parseJSON(content.ok);
  if (json === undefined) return wrong("is not JSON");
  const parsed = listSchema.safeParse(json);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const more = parsed.error.issues.length - 1;
    const rest = more > 0 ? ` (and ${more} more)` : "";
    return wrong(`is not a list of artifacts: ${keyOf(first?.path ?? [])}: ${first?.message ?? ""}${rest}`);
  }
  const has = (entries: readonly Named[], { name, version }: Needed): boolean =>
    entries.some((entry) => entry.name === name && (version === undefined || entry.version === version));
  const wanted = needed(outline.versions);
  const missing = wanted.filter((part) => !has(parsed.data.artifacts, part));
  const unpinned = readUnpinned(path, read);
  const lacking = missing.filter((part) => !has(unpinned, part));
  if (lacking.length > 0) return wrong(`lacks ${names(lacking)}, which the chosen versions need`);
  // A list has releases that clusters are upgraded from or to, too; this stack uses one of each.
  const artifacts = parsed.data.artifacts.filter(({ name, version }) =>
    wanted.every((part) => part.name !== name || part.version === undefined || part.version === version),
  );
  if (missing.length === 0) return { list: { ...parsed.data, artifacts }, problems: [] };
  const text =
    `${path} has no digest of the images ${names(missing)}; ` +
    "look them up on a machine with internet access: npm run mirror -- --from upstream --pin";
  const images = unpinned.map((entry) => ({ kind: "image" as const, ...entry, digest: NO_DIGEST }));
  return {
    list: { ...parsed.data, artifacts: [...artifacts, ...images] },
    problems: [openProblem("artifacts.list", text)],
  };
}

/** The images beside a list that are known by name only: `upstream.json` → `upstream.unpinned.json`. */
function readUnpinned(list: string, read: FileReader): readonly Named[] {
  const content = read(list.replace(/\.json$/, ".unpinned.json"));
  return ("ok" in content && unpinnedSchema.safeParse(parseJSON(content.ok)).data) || [];
}

function names(parts: readonly Needed[]): string {
  return parts.map(({ name, version }) => (version === undefined ? name : `${name} ${version}`)).join(", ");
}

/** Everything that a stack of these versions downloads. */
function needed(versions: Outline["versions"]): Needed[] {
  const release = versions.kubernetes === undefined ? undefined : KUBERNETES[versions.kubernetes];
  const ofKubernetes: readonly string[] = [...KUBERNETES_FILES, ...KUBERNETES_IMAGES];
  const chosen: Readonly<Record<string, string | undefined>> = {
    ...Object.fromEntries(ofKubernetes.map((name) => [name, versions.kubernetes])),
    etcd: release?.etcd,
    [DNS_IMAGE]: release?.coreDNS,
    pause: release?.pause,
    flannel: versions.flannel,
    "kube-router": versions.kubeRouter,
    argocd: versions.argocd,
    redis: PARTS.argocd[versions.argocd ?? ""]?.redis,
    [CONTROLLER]: versions.sealedSecrets,
  };
  // An unsupported version has its own sentence; of Kubernetes' releases, the parts are unknown, too.
  const ofPart = {
    flannel: "flannel",
    kubeRouter: "kube-router",
    argocd: "argocd",
    sealedSecrets: CONTROLLER,
  } as const;
  const parts = Object.entries(ofPart) as [keyof typeof ofPart, string][];
  const unknown = [
    ...(release ? [] : [...ofKubernetes, "etcd", DNS_IMAGE, "pause"]),
    ...parts.flatMap(([part, name]) => ((versions[part] ?? "") in PARTS[part] ? [] : [name])),
  ];
  const files = [...KUBERNETES_FILES, ...OTHER_FILES];
  const images = [...KUBERNETES_IMAGES, ...CONTROL_PLANE_IMAGES, DNS_IMAGE, ...NODE_IMAGES, ...WORKLOAD_IMAGES];
  const wanted = new Set<string>([...files, ...images].filter((name) => !unknown.includes(name)));
  return [...wanted].map((name) => ({ name, version: chosen[name] }));
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
