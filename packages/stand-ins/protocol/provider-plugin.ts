import type { EngineLog } from "./engine-log";
import type { PropertyMap } from "./property-value";

/**
 * What a stand-in plugin implements; `servePlugin` speaks the gRPC protocol around it.
 *
 * How to use it, in `<name>/main.ts`:
 *
 *     class RandomPlugin implements ProviderPlugin {
 *       readonly name = "random";
 *       readonly version = "4.21.2";
 *       async check({ type, news }: CheckRequest): Promise<CheckResult> { return { inputs: news }; }
 *       async diff({ oldInputs, news }: DiffRequest): Promise<DiffResult> { return { changes: diffProperties(oldInputs, news) }; }
 *       async create({ inputs, preview }: CreateRequest): Promise<ResourceState> { … }
 *       …
 *     }
 *     void servePlugin((log) => new RandomPlugin(log));
 *
 * - Properties keep what Pulumi knows of them: `Secret` and `UNKNOWN` appear as such (provider-level config comes without
 *   secret marks in checkConfig/diffConfig, with them in configure). `reveal` strips secret marks; `copySecrets(outputs,
 *   inputs)` puts them back; `containsUnknown` tells whether a preview can compute something.
 * - `create` and `update` are called with `preview: true` too: do nothing then, and return what can be known, `UNKNOWN`
 *   for the rest. The id may be empty in a preview. While provider config is unknown the engine calls nothing of this.
 * - Throw an Error with a whole sentence for a failure: its message reaches the user as it is, so no secret in it. Throw an
 *   `InitializationFailure` when the thing exists but isn't ready: its state is stored and the next `up` goes on from there.
 * - `signal` of a request aborts when the user interrupts the run.
 * - Print nothing on stdout (it carries the port); use `log`.
 */
export interface ProviderPlugin {
  /** The package's name, `kubernetes`. */
  readonly name: string;
  /** The version of the official plugin that this one stands in for, without `v`. */
  readonly version: string;
  /** Validates the provider's own config. Default: taken as it is. */
  checkConfig?(request: CheckRequest): Promise<CheckResult>;
  /** Compares the provider's own config. Default: every difference is an update, nothing is replaced. */
  diffConfig?(request: DiffRequest): Promise<DiffResult>;
  /** Takes the provider's own config, before any resource call. Default: nothing. */
  configure?(config: PropertyMap): Promise<void>;
  check(request: CheckRequest): Promise<CheckResult>;
  diff(request: DiffRequest): Promise<DiffResult>;
  create(request: CreateRequest): Promise<ResourceState>;
  update(request: UpdateRequest): Promise<PropertyMap>;
  delete(request: DeleteRequest): Promise<void>;
  /** The live state, or `undefined` when the resource is gone. */
  read(request: ReadRequest): Promise<ReadState | undefined>;
  /** A function call of the package. Default: refused with a clear sentence. */
  invoke?(request: InvokeRequest): Promise<PropertyMap>;
}

/** Makes the plugin once the engine's log can be reached. */
export type PluginFactory = (log: EngineLog) => ProviderPlugin;

interface ResourceRequest {
  readonly urn: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** The type token, `random:index/randomPassword:RandomPassword`. */
  readonly type: string;
  /** Aborts when the user interrupts the run. */
  readonly signal: AbortSignal;
}

export interface CheckRequest extends ResourceRequest {
  /** The inputs of the last run, empty for a new resource. */
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  /** Random bytes from the engine, the same in a preview and its update. May be empty. */
  readonly randomSeed: Uint8Array;
  readonly autonaming?: Autonaming;
}

/** The user's autonaming configuration: a name to take, or none to be made up. */
interface Autonaming {
  readonly mode: "propose" | "enforce" | "disable";
  readonly proposedName: string;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures?: readonly CheckFailure[];
}

export interface CheckFailure {
  /** Path of the wrong property; empty when it concerns the whole resource. */
  readonly property: string;
  readonly reason: string;
}

export interface DiffRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  /** The old state, outputs included. */
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  /** Paths that the user told Pulumi to ignore. */
  readonly ignoreChanges: readonly string[];
}

export interface PropertyChange {
  readonly kind: "add" | "delete" | "update";
  /** Whether this change needs a replacement. */
  readonly replace?: boolean;
}

export interface DiffResult {
  /** Changes by property path (`spec.ports[0].port`); empty means nothing changed. */
  readonly changes: ReadonlyMap<string, PropertyChange>;
  /** Whether a replacement deletes the old one first. @default false */
  readonly deleteBeforeReplace?: boolean;
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: PropertyMap;
  readonly preview: boolean;
  /** From `customTimeouts`; `undefined` when not given. */
  readonly timeoutSeconds: number | undefined;
}

export interface UpdateRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  readonly preview: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly ignoreChanges: readonly string[];
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly olds: PropertyMap;
  readonly timeoutSeconds: number | undefined;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Empty on an import. */
  readonly inputs: PropertyMap;
  /** Empty on an import. */
  readonly properties: PropertyMap;
}

export interface InvokeRequest {
  /** The function's token, `kubernetes:yaml:decode`. */
  readonly token: string;
  readonly args: PropertyMap;
  readonly signal: AbortSignal;
}

export interface ResourceState {
  readonly id: string;
  readonly properties: PropertyMap;
}

export interface ReadState extends ResourceState {
  readonly inputs: PropertyMap;
}
