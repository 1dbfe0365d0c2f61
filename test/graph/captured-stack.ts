import * as pulumi from "@pulumi/pulumi";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { SIGNATURE } from "../../scripts/lib/stack-state";
import { artifactList } from "../fixtures/artifacts";
import { makeLoginKey, makeSealingPair } from "../fixtures/keys";
import { testedStackFile } from "../stacks/stack-file";

const PROJECT = "gitops-platform";

/** How the engine's protocol marks a secret, and a value that is not known before something is made. */
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A resource as the program asked the engine for it. */
export interface CapturedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** URN of the component it belongs to; empty for none. */
  readonly parent: string;
  /** Secrets unwrapped: `secrets` says where they were. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of top-level inputs that hold a secret. */
  readonly secrets: readonly string[];
  /** URNs, dependencies through inputs included. */
  readonly dependsOn: readonly string[];
  readonly deletedWith: string;
  readonly deleteBeforeReplace: boolean;
  readonly additionalSecretOutputs: readonly string[];
  readonly protect: boolean;
  /** What a component says of itself; empty for a resource of a provider. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The first preview of a stack: every resource, and every secret. */
export interface CapturedStack {
  readonly resources: readonly CapturedResource[];
  /** Those that the configuration holds. */
  readonly secrets: readonly string[];
  /** Their public halves, which differ from run to run like they do. */
  readonly publicHalves: readonly string[];
  /** Passwords that the stack makes itself. */
  readonly generated: readonly string[];
}

/**
 * Runs the real program with the file of a stack, under mocks, as a first preview would: what resources will tell
 * is unknown, but for passwords, which are followed to where they end up. The keys and the list of artifacts, which the file leaves to the operator, are made here.
 * Once a process: the program is a module.
 *
 * @param given the stack's configuration without its secrets. @default its file's
 * @param printed what each remote step prints: an update then, in which every value is known. @default a preview
 */
export async function captureStack(
  stack: string,
  given = configOf(testedStackFile(stack)),
  printed?: (step: string) => string | undefined,
): Promise<CapturedStack> {
  const { config, ...keys } = await completeConfig(given);
  const resources: Captured[] = [];
  const generated: string[] = [];
  await pulumi.runtime.setMocks(
    {
      // The outputs are the inputs; whatever else a provider would add stays unknown.
      newResource: ({ inputs: given, name, type }) => {
        const inputs = given as object;
        if (type !== "random:index/randomPassword:RandomPassword") {
          const random = type.startsWith("random:") ? { result: `text of ${name}` } : {};
          return { id: `${name}-id`, state: printed ? { ...inputs, ...random, stdout: printed(name) } : inputs };
        }
        const result = `password of ${name}`;
        generated.push(result);
        const hash = printed ? { bcryptHash: `hash of ${result}` } : {};
        return { id: "none", state: { ...inputs, ...hash, result: { [SIGNATURE]: SECRET, value: result } } };
      },
      call: ({ inputs }) => inputs as object,
    },
    PROJECT,
    stack,
    printed === undefined,
  );
  pulumi.runtime.setAllConfig(config);
  listen(resources);
  await import("../../index.js");
  await pulumi.runtime.disconnect();
  return { resources, ...keys, generated };
}

type Config = Readonly<Record<string, object>>;

/** The configuration in the first document of a stack file. */
export function configOf(file: string): Config {
  return (parseAllDocuments(readFileSync(file, "utf8"))[0]?.toJS() as { config: Config }).config;
}

/** A stack's configuration, completed, as Pulumi hands it to the program. */
async function completeConfig(
  given: Config,
): Promise<{ config: Record<string, string>; secrets: string[]; publicHalves: string[] }> {
  const section = (name: string): Record<string, unknown> => ({ ...given[`${PROJECT}:${name}`] });
  const [login, deploy, sealing] = [makeLoginKey(), makeLoginKey(), await makeSealingPair()];
  const list = join(mkdtempSync(join(tmpdir(), "gitops-platform-graph-")), "artifacts.json");
  writeFileSync(list, JSON.stringify(artifactList(section("versions") as Record<string, string>)));
  const completed: Record<string, unknown> = {
    ssh: { ...section("ssh"), privateKeyFile: undefined, privateKey: login.privateKey },
    gitops: { ...section("gitops"), deployKeyFile: undefined, deployKey: deploy.privateKey },
    artifacts: { ...section("artifacts"), list },
    sealingKeys: [sealing],
  };
  const config: Record<string, unknown> = { ...given };
  for (const [name, value] of Object.entries(completed)) config[`${PROJECT}:${name}`] = value;
  return {
    config: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])),
    secrets: [login.privateKey, deploy.privateKey, sealing.privateKey],
    publicHalves: [login.publicKey, deploy.publicKey, sealing.certificate],
  };
}

/** The part of a registration that the sweep looks at. */
interface Registration {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDependenciesList(): string[];
  getDeletedwith(): string;
  getDeletebeforereplace(): boolean;
  getAdditionalsecretoutputsList(): string[];
  getProtect(): boolean;
}

interface Outputs {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> } | undefined;
}

/** The outputs of a component come after it. */
type Captured = CapturedResource & { outputs: CapturedResource["outputs"] };

type Answer = (error: unknown, response?: { getUrn(): string }) => void;

/** Mocks are told inputs only; the options of a resource show in the request itself. */
function listen(resources: Captured[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: Registration, answer: Answer): Promise<void>;
    registerResourceOutputs(request: Outputs, answer: Answer): void;
  };
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, answer) => {
    const component = resources.find(({ urn }) => urn === request.getUrn());
    if (component) component.outputs = unwrap(request.getOutputs()?.toJavaScript() ?? {}) as Record<string, unknown>;
    registerOutputs(request, answer);
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, answer) =>
    register(request, (error, response) => {
      const raw = request.getObject()?.toJavaScript() ?? {};
      resources.push({
        urn: response?.getUrn() ?? "",
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        parent: request.getParent(),
        inputs: unwrap(raw) as Record<string, unknown>,
        secrets: Object.keys(raw).filter((key) => holdsSecret(raw[key])),
        dependsOn: request.getDependenciesList(),
        deletedWith: request.getDeletedwith(),
        deleteBeforeReplace: request.getDeletebeforereplace(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        protect: request.getProtect(),
        outputs: {},
      });
      answer(error, response);
    });
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields[SIGNATURE] === SECRET) return unwrap(fields["value"]);
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, unwrap(field)]));
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return fields[SIGNATURE] === SECRET || Object.values(fields).some(holdsSecret);
}
