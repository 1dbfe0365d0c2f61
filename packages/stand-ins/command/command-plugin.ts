import { randomBytes } from "node:crypto";
import type { EngineLog } from "../protocol/engine-log";
import { notCovered } from "../protocol/plugin-service";
import { diffProperties } from "../protocol/property-diff";
import {
  containsUnknown,
  type PropertyMap,
  type PropertyValue,
  reveal,
  revealMap,
  sameValue,
  UNKNOWN,
} from "../protocol/property-value";
import type * as protocol from "../protocol/provider-plugin";
import type { CommandOutput } from "./captured-output";
import {
  applyDefaults,
  checkFields,
  type Fields,
  isInternal,
  LOCAL_COMMAND,
  LOCAL_FUNCTION,
  REMOTE_COMMAND,
} from "./command-inputs";
import { run } from "./run";

const RESOURCES: Readonly<Record<string, Fields>> = {
  "command:local:Command": LOCAL_COMMAND,
  "command:remote:Command": REMOTE_COMMAND,
};

const OUTPUTS = { stdout: UNKNOWN, stderr: UNKNOWN };

/**
 * Stands in for Pulumi's command plugin: commands on this machine and, over SSH, on others.
 *
 * A resource is created by `create`; a changed `triggers` replaces it; any other changed input runs `update`, or else
 * `create`, again; deleting it runs the old state's `delete`. A preview runs and dials nothing.
 */
export class CommandPlugin implements protocol.ProviderPlugin {
  readonly name = "command";

  constructor(
    readonly version: string,
    private readonly log: EngineLog,
  ) {}

  async check({ type, news }: protocol.CheckRequest): Promise<protocol.CheckResult> {
    const fields = this.fields(type);
    const failures = checkFields(news, fields);
    if (type === "command:remote:Command" && news.environment !== undefined) {
      const instead = "set the variables in the command or on stdin";
      failures.push({
        property: "",
        reason: `environment — not covered by the stand-in for remote commands; ${instead}`,
      });
    }
    return { inputs: applyDefaults(news, fields), failures };
  }

  async diff({ oldInputs, news }: protocol.DiffRequest): Promise<protocol.DiffResult> {
    const changes = [...diffProperties(withoutInternal(oldInputs), withoutInternal(news))];
    return {
      changes: new Map(changes.map(([path, change]) => [path, { ...change, replace: /^triggers\b/.test(path) }])),
    };
  }

  async create(request: protocol.CreateRequest): Promise<protocol.ResourceState> {
    const { name, inputs, preview } = request;
    const id = `${name}${randomBytes(4).toString("hex")}`;
    if (preview) return { id, properties: { ...inputs, ...OUTPUTS } };
    const output = await this.run("create", request, inputs, { stdout: "", stderr: "" });
    return { id, properties: { ...inputs, ...output } };
  }

  async update(request: protocol.UpdateRequest): Promise<PropertyMap> {
    const { news, olds, preview } = request;
    const previous = previousOutput(olds);
    if (preview) return { ...news, ...(mayRunAgain(olds, news) ? OUTPUTS : previous) };
    const verb = news.update === undefined ? "create" : "update";
    return { ...news, ...(await this.run(verb, request, news, previous)) };
  }

  async delete(request: protocol.DeleteRequest): Promise<void> {
    await this.run("delete", request, request.olds, previousOutput(request.olds));
  }

  /** A command leaves nothing to read: the state stays. */
  async read({ type, id, inputs, properties }: protocol.ReadRequest): Promise<protocol.ReadState> {
    if (Object.keys(properties).length === 0) throw notCovered(this, `importing ${type}`);
    return { id, inputs, properties };
  }

  async invoke({ token, args, signal }: protocol.InvokeRequest): Promise<PropertyMap> {
    if (token !== "command:local:run") throw notCovered(this, `the function ${token}`);
    const [failure] = checkFields(args, LOCAL_FUNCTION);
    if (failure !== undefined) throw new Error(`${token} — ${failure.reason}`);
    const show = (line: string): void => this.log.status("", line);
    const output = await run("command", revealMap(args), { stdout: "", stderr: "" }, { signal, show });
    return { ...args, ...output };
  }

  /** Runs the state's command for a verb; without one, nothing runs and the outputs stay. */
  private async run(
    verb: "create" | "update" | "delete",
    { urn, signal }: { urn: string; signal: AbortSignal },
    state: PropertyMap,
    previous: CommandOutput,
  ): Promise<PropertyMap> {
    const show = (line: string): void => this.log.status(urn, line);
    return { ...(await run(verb, revealMap(state), previous, { signal, show })) };
  }

  private fields(type: string): Fields {
    const fields = RESOURCES[type];
    if (fields === undefined) throw notCovered(this, type);
    return fields;
  }
}

/** Whether an update may change the outputs: an input is unknown or has changed. */
function mayRunAgain(olds: PropertyMap, news: PropertyMap): boolean {
  const changed = (key: string): boolean =>
    containsUnknown(news[key]) || (key in olds && !sameValue(olds[key], news[key]));
  return Object.keys({ ...olds, ...news }).some((key) => !(key in OUTPUTS) && changed(key));
}

function previousOutput(state: PropertyMap): { stdout: string; stderr: string } {
  const text = (value: PropertyValue = ""): string => {
    const plain = reveal(value);
    return typeof plain === "string" ? plain : "";
  };
  return { stdout: text(state.stdout), stderr: text(state.stderr) };
}

function withoutInternal(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !isInternal(key)));
}
