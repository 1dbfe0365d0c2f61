import { TOKENS } from "../../../components/tokens";
import { fields, type Resource } from "../../../policy/resource";
import { DEFAULTS, type ResourceRule, type Settings, type Stack, type StackRule } from "../../../policy/rule";

const PARENTS = `${TOKENS.diskGate}$`;

/** A resource without a fault, as a rule sees it, with what a test spoils. */
export function resource(type: string, values: object, options: Partial<Resource> & { stack?: string } = {}): Resource {
  const { stack = "staging", ...rest } = options;
  const name = rest.name ?? "it";
  return {
    urn: `urn:pulumi:${stack}::gitops-platform::${type}::${name}`,
    type,
    name,
    parent: "",
    values: fields(values),
    protect: false,
    deleteBeforeReplace: false,
    additionalSecretOutputs: [],
    ...rest,
  };
}

/** A remote command without a fault. */
export function command(values: object = {}, options: Partial<Resource> = {}): Resource {
  const connection = { host: "192.0.2.11", user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
  return resource(
    "command:remote:Command",
    { connection, create: "true", logging: "none", ...values },
    { additionalSecretOutputs: ["stdout", "stderr"], deleteBeforeReplace: true, ...options },
  );
}

/** The measurement of a node's disk. */
export function gateStep(host: unknown): Resource {
  const type = `${PARENTS}command:remote:Command`;
  return { ...command({ connection: { host, hostKey: "ssh-ed25519 AAAA" } }), urn: `urn:pulumi:s::p::${type}::gate` };
}

export function cluster(controlPlanes: readonly object[]): Resource {
  return resource(TOKENS.kubernetesCluster, { controlPlanes }, { name: "cluster" });
}

export function check(rule: ResourceRule, subject: Resource, settings: Partial<Settings> = {}): readonly string[] {
  return rule.resource(subject, { ...DEFAULTS, ...settings });
}

export function checkStack(
  rule: StackRule,
  stack: Partial<Stack>,
  settings: Partial<Settings> = {},
): readonly string[] {
  const whole = { name: "production", resources: [], read: () => undefined, ...stack };
  return rule.stack(whole, { ...DEFAULTS, ...settings }).map(({ text }) => text);
}
