import { STACK } from "../../components/tokens";

/** A stack's state as `pulumi stack export` prints it. With `--show-secrets` it is for memory only. */
export interface Exported {
  readonly deployment?: Deployment | null;
  readonly [field: string]: unknown;
}

export interface Deployment {
  readonly resources?: readonly StateResource[];
  readonly pending_operations?: readonly {
    readonly type: string;
    readonly resource: Pick<StateResource, "urn" | "inputs">;
  }[];
  readonly [field: string]: unknown;
}

/** A resource of a state. Only the fields that a tool reads have a name. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly parent?: string;
  /** `<urn>::<id>` */
  readonly provider?: string;
  readonly viewOf?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
  readonly replaceWith?: readonly string[];
  readonly protect?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The key by which Pulumi marks a value of special kind, secrets among them. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Whether a value is marked as secret, and in clear below the mark. */
export function isSecret(value: unknown): value is { readonly plaintext: string } {
  return typeof value === "object" && value !== null && SIGNATURE in value && "plaintext" in value;
}

/** A value without the marks of what is secret in it. */
export function plain(value: unknown): unknown {
  if (isSecret(value)) return plain(JSON.parse(value.plaintext));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** The stack's own outputs in clear. */
export function outputsOf(deployment: Deployment): Readonly<Record<string, unknown>> {
  const stack = deployment.resources?.find(({ type }) => type === STACK);
  return (plain(stack?.outputs) ?? {}) as Record<string, unknown>;
}
