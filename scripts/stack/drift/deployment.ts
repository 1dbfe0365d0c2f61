/** Pulumi's state of a stack, as `pulumi stack export --show-secrets` prints it: for memory only. */
export interface Deployment {
  readonly resources?: readonly StateResource[];
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Whether a value of the state is marked as secret. */
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
  const stack = deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
  return (plain(stack?.outputs) ?? {}) as Record<string, unknown>;
}
