import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type CapturedResource, type CapturedStack, captureStack } from "./captured-stack";
import { type Resource, UNKNOWN } from "../../policy/resource";
import { DEFAULTS } from "../../policy/rule";
import { RULES } from "../../policy/rules";
import { clusters, controlPlanesOf } from "../../policy/rules/cluster-facts";
import { addressOf, REMOTE_COMMAND, TOKENS } from "../../components/tokens";
import { sweepFacts } from "./facts";

const LOCAL = "command:local:Command";

/** What stands for an unknown value in the engine's protocol. */
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A machine's command line holds a time limit and a verb. Everything else travels on stdin. */
const COMMAND =
  /^\$\(\[ "\$\(id -u\)" = 0 \] \|\| echo sudo -n\) timeout --kill-after=15 \d+ bash -s -- (apply|change|destroy)$/;

/** Components whose steps run on hypervisors. */
const MAKERS: readonly string[] = [TOKENS.hypervisor, TOKENS.libvirtMachine];

const isFoundLater = ({ inputs }: CapturedResource): boolean => inputs["connection"] === UNKNOWN_TEXT;

/** Whether both ends of a connection are verified. */
export function isPinned({ hostKey, proxy }: Record<string, unknown>): boolean {
  return Boolean(hostKey) && (proxy === undefined || Boolean((proxy as Record<string, unknown>)["hostKey"]));
}

/** What a stack's file leads to. */
export interface Expected {
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  /** Whether the machines go with the stack, and take with them what is on them. */
  readonly disposable: boolean;
}

/**
 * The rules that hold for every resource of a stack, swept over the real program with the stack's real file.
 * Does not prove that a provider does what it is asked, nor anything about values that only a run can tell.
 */
export function sweep(stack: string, expected: Expected): void {
  let captured: CapturedStack;
  const all = (type: string): CapturedResource[] => captured.resources.filter((resource) => resource.type === type);
  const names = (resources: readonly CapturedResource[]): string[] => resources.map(({ name }) => name);

  beforeAll(async () => {
    captured = await captureStack(stack);
  }, 60_000);

  describe(`every remote command of ${stack}`, () => {
    const remote = (): CapturedResource[] => all(REMOTE_COMMAND);
    const breaking = (rule: (step: CapturedResource) => boolean): string[] =>
      names(remote().filter((step) => !rule(step)));
    const connection = (step: CapturedResource): Record<string, unknown> =>
      step.inputs["connection"] as Record<string, unknown>;

    it("exists", () => {
      expect(remote().length).toBeGreaterThan(expected.controlPlanes.length);
    });

    it("checks the host key", () => {
      expect(breaking((step) => isFoundLater(step) || isPinned(connection(step)))).toEqual([]);
    });

    // A first preview can't know which control plane answers; test/graph/sent-scripts.test.ts looks at the update.
    it("knows its machine, unless it runs on whichever control plane answers", () => {
      const kinds = names(remote().filter(isFoundLater)).map((name) => name.replace(/.*-/, ""));
      expect([...new Set(kinds)].sort()).toEqual(["admission", "membership"]);
    });

    it("connects with known fields only, since the provider prints the private key beside an unknown one", () => {
      const known = ["host", "port", "user", "privateKey", "hostKey", "proxy", "dialErrorLimit", "perDialTimeout"];
      const breaks = breaking(
        (step) => isFoundLater(step) || Object.keys(connection(step)).every((key) => known.includes(key)),
      );
      expect(breaks).toEqual([]);
    });

    it("logs nothing", () => {
      expect(breaking((step) => step.inputs["logging"] === "none")).toEqual([]);
    });

    it("has no triggers, which replace, and an old undo would then run on a machine that was just set up", () => {
      expect(breaking((step) => !("triggers" in step.inputs))).toEqual([]);
    });

    it("deletes first if it is replaced", () => {
      expect(breaking((step) => step.deleteBeforeReplace)).toEqual([]);
    });

    it("passes nothing but its time limit and verb as a command line", () => {
      expect(
        breaking((step) => ["create", "update", "delete"].every((verb) => isConstantCommand(step.inputs[verb]))),
      ).toEqual([]);
    });

    it("runs the same script for create and update, which a guest tells apart", () => {
      const update = (step: CapturedResource): string =>
        String(step.inputs["update"]).replace(/-- change$/, "-- apply");
      expect(breaking((step) => step.inputs["create"] === update(step))).toEqual([]);
    });

    it("keeps its output secret", () => {
      expect(
        breaking((step) => ["stdout", "stderr"].every((output) => step.additionalSecretOutputs.includes(output))),
      ).toEqual([]);
    });

    it(expected.disposable ? "goes with its machine, dead or alive" : "is undone on a server that stays", () => {
      // What makes and removes machines is no step on one of them.
      const onMachine = (step: CapturedResource): boolean =>
        !MAKERS.includes(addressOf(step.parent).type) || step.name.endsWith("-boot");
      expect(breaking((step) => !onMachine(step) || (step.deletedWith !== "") === expected.disposable)).toEqual([]);
    });

    it("uses no environment, which needs the server's consent and shows in it", () => {
      expect(breaking((step) => !("environment" in step.inputs))).toEqual([]);
    });
  });

  describe(`every resource of ${stack}`, () => {
    it("holds the configuration's secrets and the stack's own passwords in inputs marked secret only", () => {
      const secrets = [...captured.secrets, ...captured.generated];
      const open = captured.resources.flatMap((resource) =>
        Object.entries(resource.inputs)
          .filter(([key, value]) => !resource.secrets.includes(key) && containsAny(value, secrets))
          .map(([key]) => `${resource.name}: ${key}`),
      );
      expect(open).toEqual([]);
    });

    it("would show a secret: all of the configuration's are found where they are marked", () => {
      const marked = captured.resources.flatMap(({ inputs, secrets }) => secrets.map((key) => inputs[key]));
      expect(captured.secrets.filter((secret) => !marked.some((value) => containsAny(value, [secret])))).toEqual([]);
    });

    it("makes secrets as passwords, since the other random values have theirs as id, which the state keeps in clear", () => {
      const others = captured.resources.filter(
        ({ type }) => type.startsWith("random:") && type !== "random:index/randomPassword:RandomPassword",
      );
      // Kubernetes itself has the first half of a bootstrap token in clear, in the name of its Secret. A cluster's identity is none.
      const open = others.filter(({ name }) => !/-(token-id|identity)$/.test(name));
      expect(open.map(({ type, name }) => [type, name])).toEqual([]);
      expect(captured.generated.length).toBeGreaterThanOrEqual(6);
    });

    it("runs local commands without a secret in the command line or the environment", () => {
      const keys = ["create", "update", "delete", "environment"];
      const open = all(LOCAL).filter(
        (command) =>
          keys.some((key) => command.secrets.includes(key)) ||
          keys.some((key) => containsAny(command.inputs[key], captured.secrets)),
      );
      expect(names(open)).toEqual([]);
    });

    it("has its component's name before its own", () => {
      const byURN = new Map(captured.resources.map((resource) => [resource.urn, resource]));
      const ours = captured.resources.filter(
        ({ type, parent }) => !type.startsWith("kubernetes:") && byURN.has(parent),
      );
      const misnamed = ours.filter((child) => {
        const parent = byURN.get(child.parent);
        return (
          parent?.type.startsWith("gitops-platform:") &&
          child.name !== parent.name &&
          !child.name.startsWith(`${parent.name}-`)
        );
      });
      expect(names(misnamed)).toEqual([]);
    });

    it("is not waited for while something that it needs still waits for a turn", () => {
      const kind = ({ type }: CapturedResource): string => type.split(":").at(-1) ?? "";
      const objects = captured.resources.filter(({ type }) => type.startsWith("kubernetes:"));
      const workloads = objects.filter((object) => ["Deployment", "StatefulSet", "DaemonSet"].includes(kind(object)));
      const early = workloads.flatMap((workload) => {
        const before = ancestry(workload, captured.resources);
        const needed = objects.filter((other) => other.parent === workload.parent && !workloads.includes(other));
        return needed.filter(({ urn }) => !before.has(urn)).map((other) => `${workload.name}, ${other.name}`);
      });
      const awaited = objects.filter(
        (object) =>
          kind(object) === "Service" &&
          !JSON.stringify(object.inputs["metadata"]).includes('"pulumi.com/skipAwait":"true"'),
      );
      expect(workloads.length).toBeGreaterThan(5);
      expect(early.filter((pair) => !pair.endsWith("default-project"))).toEqual([]);
      expect(names(awaited)).toEqual([]);
    });

    it("takes its fields back from whoever else has written them", () => {
      const objects = captured.resources.filter(({ type }) => type.startsWith("kubernetes:"));
      const left = objects.filter(
        ({ inputs }) => !JSON.stringify(inputs["metadata"]).includes('"pulumi.com/patchForce":"true"'),
      );
      expect(objects.length).toBeGreaterThan(50);
      expect(names(left)).toEqual([]);
    });

    it("has a name of its own among resources of its type", () => {
      const urns = captured.resources.map(({ urn }) => urn);
      expect(urns.filter((urn, index) => urns.indexOf(urn) !== index)).toEqual([]);
    });

    it("has a type of this project if it is a component of ours", () => {
      const components = captured.resources.filter(
        ({ custom, type }) => !custom && type.startsWith("gitops-platform:"),
      );
      expect(
        components.map(({ type }) => type).filter((type) => !/^gitops-platform:[a-z-]+:[A-Z]\w+$/.test(type)),
      ).toEqual([]);
    });
  });

  describe(`the policy of ${stack}`, () => {
    // The others are about the versions that a site chose, and off unless it wants them.
    const enforced = RULES.filter(({ enforcement }) => enforcement !== "disabled");
    it.each(enforced.map((rule) => [rule.name, rule] as const))("%s is kept", (_name, rule) => {
      const resources = captured.resources.map(asResource);
      const found =
        "resource" in rule
          ? resources.flatMap((resource) =>
              rule.resource(resource, DEFAULTS).map((text) => `${resource.name}: ${text}`),
            )
          : rule
              .stack({ name: stack, resources: resources.map(result), read: readHere }, DEFAULTS)
              .map(({ text }) => text);
      expect(found).toEqual([]);
    });

    it("sees what its rules are about", () => {
      const resources = captured.resources.map(asResource).map(result);
      expect(
        clusters(resources)
          .flatMap(controlPlanesOf)
          .map(({ address }) => address),
      ).toEqual(expected.controlPlanes);
      const inCluster = captured.resources.filter(({ type }) => type.startsWith("kubernetes:"));
      expect(inCluster.length).toBeGreaterThan(50);
      expect(resources.some(({ values }) => typeof values["limitMs"] === "number")).toBe(true);
    });
  });

  sweepFacts(stack, () => captured, expected);

  describe(`the disk gate of ${stack}`, () => {
    const gates = (): CapturedResource[] =>
      all(REMOTE_COMMAND).filter(
        ({ parent, name }) => addressOf(parent).type === TOKENS.diskGate && !name.endsWith("-together"),
      );

    it("measures every control plane, and nothing else", () => {
      const hosts = gates().map(({ inputs }) => (inputs["connection"] as Record<string, unknown>)["host"]);
      expect(hosts.sort()).toEqual([...expected.controlPlanes].sort());
    });

    it("comes before every step of Kubernetes", () => {
      const kubernetes = all(REMOTE_COMMAND).filter(
        ({ inputs, parent }) => parent.includes(":kubernetes:") && inputs["stdin"] !== undefined,
      );
      const gateURNs = gates().map(({ urn }) => urn);
      const early = kubernetes.filter((step) => {
        const before = ancestry(step, captured.resources);
        return gateURNs.some((urn) => !before.has(urn));
      });
      expect(kubernetes.length).toBeGreaterThanOrEqual(expected.controlPlanes.length + expected.workers.length);
      expect(names(early)).toEqual([]);
    });
  });
}

/** A resource as the engine passes it to a rule, with the one option that the engine leaves out. */
function asResource(captured: CapturedResource): Resource {
  return { ...captured, values: withUnknowns(captured.inputs) as Resource["values"] };
}

/** The same after it was made: a component has its outputs then. */
function result(resource: Resource): Resource {
  const { custom, inputs, outputs } = resource as Resource & CapturedResource;
  return { ...resource, values: withUnknowns(custom ? inputs : outputs) as Resource["values"] };
}

function withUnknowns(value: unknown): unknown {
  if (value === UNKNOWN_TEXT) return UNKNOWN;
  if (Array.isArray(value)) return value.map(withUnknowns);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withUnknowns(field)]));
}

function readHere(file: string): string | undefined {
  const path = join(__dirname, "..", "..", file);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Whether a verb is absent, or the one command that steps may have. */
function isConstantCommand(command: unknown): boolean {
  return command === undefined || (typeof command === "string" && COMMAND.test(command));
}

/** URNs of all that is made before a resource. Waiting for a component is waiting for what it contains. */
function ancestry(resource: CapturedResource, all: readonly CapturedResource[]): Set<string> {
  const seen = new Set<string>();
  const queue = [...resource.dependsOn];
  for (let urn = queue.pop(); urn !== undefined; urn = queue.pop()) {
    if (seen.has(urn)) continue;
    seen.add(urn);
    queue.push(...all.filter((other) => other.urn === urn).flatMap(({ dependsOn }) => dependsOn));
    queue.push(...all.filter((other) => other.parent === urn).map((child) => child.urn));
  }
  return seen;
}

/** Looks for secrets as they are, as JSON inside a text, and as a Secret of Kubernetes holds them. */
function containsAny(value: unknown, secrets: readonly string[]): boolean {
  const text = JSON.stringify(value ?? "");
  return secrets.some((secret) => {
    const escaped = JSON.stringify(secret.trimEnd()).slice(1, -1);
    // The last bytes depend on what follows them.
    const base64 = Buffer.from(secret.trimEnd()).toString("base64").slice(0, -4);
    return [escaped, escaped.replaceAll("\\", "\\\\"), base64].some((form) => text.includes(form));
  });
}
