import { REMOTE_COMMAND } from "../../../components/tokens";
import { modelOf, requireFacts, type StackModel } from "../../lib/stack-model";
import { type Deployment, plain } from "../../lib/stack-state";
import type { Blind } from "./finding";

/** How the last update logged in: the key that the server accepts, and the host key that was pinned. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
}

/** How the last update reached a machine. */
export interface NodeConnection extends Endpoint {
  /** The bastion in front of it. @default none */
  readonly proxy?: Endpoint;
}

/** What the steps wrote on one node, as they reported (scripts/remote/lib/written.sh). */
export interface ExpectedNode {
  readonly name: string;
  readonly connection: NodeConnection;
  /** SHA-256 by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Debian packages and their versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** SHA-256 by path of programs that came with those packages: another version brings others. */
  readonly packageFiles: Readonly<Record<string, string>>;
  /** Units that have to be enabled and running, with the paths of their drop-ins. */
  readonly units: Readonly<Record<string, string>>;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Kernel modules; none on machine containers, whose kernel is their host's. */
  readonly modules: readonly string[];
  /** Whether there may be swap; null where it is the host's. */
  readonly swap: boolean | null;
  /** The steps that wrote it, in order: each one's command, and the script on stdin (secret). */
  readonly steps: readonly { readonly command: string; readonly stdin: string }[];
  /** Set on etcd nodes. */
  readonly disk?: { readonly directory: string; readonly limitMs: number };
}

/** A step's connection: without the default port, and with the plugin's settings for dialling. */
type StepEndpoint = Omit<Endpoint, "port"> & Partial<Pick<Endpoint, "port">>;
export type StepConnection = StepEndpoint & { readonly proxy?: StepEndpoint };

type Written = Partial<Omit<ExpectedNode, "name" | "connection" | "steps" | "disk">>;

/** What one step printed that matters here. */
interface StepResult {
  readonly node?: string;
  readonly written?: Written;
}

/**
 * What every node should be like, in the order of the state.
 *
 * @throws when an older version made the state, or no step in it reported what it wrote
 */
export function expectedNodes(stack: string, deployment: Deployment): ExpectedNode[] {
  const model = modelOf(deployment.resources ?? []);
  requireFacts(stack, model);
  const steps = (deployment.resources ?? [])
    .filter(({ type }) => type === REMOTE_COMMAND)
    .map(({ inputs, outputs }) => ({
      connection: plain(inputs?.["connection"]) as StepConnection,
      step: { command: String(plain(inputs?.["create"])), stdin: String(plain(inputs?.["stdin"])) },
      result: parse(plain(outputs?.["stdout"])),
    }));
  const nodes = new Map<string, ExpectedNode>();
  for (const { connection, step, result } of steps) {
    if (result.node === undefined || result.written === undefined) continue;
    const known = nodes.get(result.node) ?? emptyNode(result.node, connection);
    nodes.set(result.node, { ...merge(known, result.written), steps: [...known.steps, step] });
  }
  if (steps.length === 0)
    throw new Error(`stack ${stack} — was never brought up, so there is nothing to compare; run pulumi up first`);
  if (nodes.size === 0)
    throw new Error(
      `stack ${stack} — its state does not say what was written on any node; run pulumi up with this version first`,
    );
  const disk = measuredDisk(model);
  const etcd = new Set(model.nodes.flatMap(({ name, role }) => (role === "control-plane" ? [name] : [])));
  return [...nodes.values()].map((node) => (disk && etcd.has(node.name) ? { ...node, disk } : node));
}

/** What the disk gate measures on every etcd node. */
function measuredDisk({ gates: [gate] }: StackModel): ExpectedNode["disk"] {
  const { directory, limitMs } = gate?.settings ?? {};
  return typeof directory === "string" && typeof limitMs === "number" ? { directory, limitMs } : undefined;
}

/** Nodes whose steps reported nothing: left out in silence, they would look like nodes without drift. */
export function silentNodes(deployment: Deployment, nodes: readonly Pick<ExpectedNode, "name">[]): Blind[] {
  const known = new Set(nodes.map(({ name }) => name));
  return modelOf(deployment.resources ?? [])
    .nodes.filter(({ name }) => !known.has(name))
    .map(({ name }) => ({ where: name, reason: "the state does not say what was written on it; run pulumi up first" }));
}

function emptyNode(name: string, connection: StepConnection): ExpectedNode {
  return {
    name,
    connection: endpointsOf(connection),
    files: {},
    packages: {},
    packageFiles: {},
    units: {},
    sysctls: {},
    modules: [],
    swap: null,
    steps: [],
  };
}

/** What matters of a step's connection here. */
export function endpointsOf(connection: StepConnection): NodeConnection {
  const { proxy } = connection;
  return { ...endpoint(connection), ...(proxy ? { proxy: endpoint(proxy) } : {}) };
}

function endpoint({ host, port = 22, user, privateKey, hostKey }: StepEndpoint): Endpoint {
  return { host, port, user, privateKey, hostKey };
}

function merge(node: ExpectedNode, written: Written): ExpectedNode {
  return {
    ...node,
    files: { ...node.files, ...written.files },
    packages: { ...node.packages, ...written.packages },
    packageFiles: { ...node.packageFiles, ...written.packageFiles },
    units: { ...node.units, ...written.units },
    sysctls: { ...node.sysctls, ...written.sysctls },
    modules: [...node.modules, ...(written.modules ?? [])],
    swap: written.swap ?? node.swap,
  };
}

/** Most steps print nothing, some print text. */
function parse(stdout: unknown): StepResult {
  if (typeof stdout !== "string" || !stdout.startsWith("{")) return {};
  try {
    return JSON.parse(stdout) as StepResult;
  } catch {
    return {};
  }
}
