import type { EngineLog } from "./engine-log";
import type { PropertyMap } from "./property-value";

/**
 * Interface of a stand-in plugin; `servePlugin` speaks gRPC for it.
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
 * - Properties carry Pulumi's marks: `Secret` and `UNKNOWN`. `reveal` strips secret marks; `copySecrets(outputs, inputs)`
 *   puts them back; `containsUnknown` reports whether a preview can compute something.
 * - `create` and `update` are called with `preview: true` too: do nothing then, and return what can be known, `UNKNOWN`
 *   for the rest. The id may be empty in a preview.
 * - Throw an Error with a whole sentence for a failure: the user reads its message unchanged, so put no secret in it.
 * - `signal` of a request aborts when the user interrupts the run.
 * - Print nothing on stdout (it carries the port); use `log`.
 */
export interface ProviderPlugin {
  /** The package's name, `random`. */
  readonly name: string;
  /** The version of the official plugin that this one stands in for, without `v`. */
  readonly version: string;
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
}

export interface PropertyChange {
  readonly kind: "add" | "delete" | "update";
  /** Whether this change needs a replacement. */
  readonly replace?: boolean;
}

export interface DiffResult {
  /** Changes by property path (`spec.ports[0].port`); empty means nothing changed. */
  readonly changes: ReadonlyMap<string, PropertyChange>;
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: PropertyMap;
  readonly preview: boolean;
}

export interface UpdateRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  readonly preview: boolean;
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly olds: PropertyMap;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Empty on an import. */
  readonly inputs: PropertyMap;
  /** Empty on an import. */
  readonly properties: PropertyMap;
}

export interface InvokeRequest {
  /** The function's token, `command:local:run`. */
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
