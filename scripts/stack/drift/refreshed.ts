import { nameOf } from "../../../components/tokens";
import { type Deployment, isSecret, plain, type StateResource } from "../../lib/stack-state";
import type { Finding } from "./finding";

/** The part of an engine event about one refreshed resource. */
export interface RefreshEvent {
  readonly resOutputsEvent?: {
    readonly metadata: {
      readonly op: string;
      readonly urn: string;
      readonly new?: {
        readonly inputs?: Readonly<Record<string, unknown>>;
        readonly initErrors?: readonly string[] | null;
      } | null;
      readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
      readonly diffs?: readonly string[] | null;
    };
  };
}

const CURE = "pulumi up --refresh";
/** The longest value that a table shows whole. */
const LONGEST_VALUE = 60;

/** The drift of one refreshed resource: one finding for a deleted object, one for each field that changed. */
export function refreshedFindings(event: RefreshEvent, deployment: Deployment): Finding[] {
  const metadata = event.resOutputsEvent?.metadata;
  if (!metadata || (metadata.op !== "update" && metadata.op !== "delete")) return [];
  const resource = deployment.resources?.find(({ urn }) => urn === metadata.urn);
  if (!resource || !resource.id) return [];
  const what = objectName(resource);
  if (metadata.op === "delete") return [{ where: "cluster", what, expected: "there", found: "deleted", cure: CURE }];
  const changed = Object.keys(metadata.detailedDiff ?? {});
  const paths = changed.length > 0 ? changed : [...(metadata.diffs ?? [])];
  const lost = paths.filter((path) => !isOmitted(resource, metadata.new?.inputs, pathSteps(path)));
  return lost.map((path) => {
    const steps = pathSteps(path);
    const hidden = holdsSecret(resource, steps);
    const show = (inputs: unknown): string => (hidden ? "[secret]" : shown(at(inputs, steps)));
    return {
      where: "cluster",
      what: `${what} ${path}`,
      expected: show(plain(resource.inputs)),
      found: hidden ? "another value" : show(metadata.new?.inputs),
      cure: CURE,
    };
  });
}

/** Whether the API leaves a field out because it has its zero value: `initialDelaySeconds: 0`, `apiGroup: ""`. */
function isOmitted(resource: StateResource, found: unknown, steps: readonly string[]): boolean {
  const written = at(plain(resource.inputs), steps);
  return at(found, steps) === undefined && (written === "" || written === 0 || written === false);
}

/** What the plugin says of an object that is as it was written, but not ready: `Deployment a/b — not ready: 0 of 1`. */
export function unreadyObjects(event: RefreshEvent): readonly string[] {
  return event.resOutputsEvent?.metadata.new?.initErrors ?? [];
}

/** `Deployment argocd/argocd-server`; for what isn't an object in the cluster, its type and name in the program. */
function objectName({ type, id, urn }: StateResource): string {
  const kind = type.slice(type.lastIndexOf(":") + 1);
  return `${kind} ${type.startsWith("kubernetes:") ? id : nameOf(urn)}`;
}

/** The steps of Pulumi's property paths: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function pathSteps(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? index ?? name ?? "",
  );
}

/** Whether a value, one that it is in, or one in it, is marked as secret; the contents of a Secret always are. */
function holdsSecret({ type, inputs, outputs }: StateResource, steps: readonly string[]): boolean {
  const contents = ["data", "stringData"].includes(steps[0] ?? "");
  if (type.endsWith(":Secret") && contents) return true;
  return [inputs, outputs].some((properties) => {
    let value: unknown = properties;
    for (const step of steps) {
      if (isSecret(value)) return true;
      value = (value as Record<string, unknown> | undefined)?.[step];
    }
    return JSON.stringify(value ?? null) !== JSON.stringify(plain(value) ?? null);
  });
}

function at(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((inner, step) => (inner as Record<string, unknown> | undefined)?.[step], value);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE - 1)}…` : line;
}
