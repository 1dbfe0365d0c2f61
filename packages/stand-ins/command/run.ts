import type { JsonObject, PropertyMap } from "../protocol/property-value";
import type { SshSettings } from "@gitops-platform/ssh/settings";
import type { CommandOutput, Logging } from "./captured-output";
import type { Invocation } from "./invocation";
import { runLocally } from "./local-run";

/** The checked inputs of a command, secret marks off and defaults applied. */
interface CommandState extends JsonObject {
  stdin: string;
  environment: Record<string, string>;
  addPreviousOutputInEnv: boolean;
  logging: Logging;
  dir: string;
  interpreter: string[];
}

/**
 * Runs one of a resource's commands: on the machine of `connection`, or on this one.
 *
 * @param verb the input that holds the command; without it nothing runs
 * @param state the inputs, without secret marks
 * @param previous output of the last run, for the command's environment
 * @returns the command's output, or `previous` when nothing ran
 */
export async function run(
  verb: "create" | "update" | "delete" | "command",
  state: PropertyMap,
  previous: CommandOutput,
  { signal, show }: Pick<Invocation, "signal" | "show">,
): Promise<CommandOutput> {
  const { stdin, environment, logging, dir, interpreter, addPreviousOutputInEnv } = state as Partial<CommandState>;
  const command = state[verb];
  if (typeof command !== "string") return previous;
  const invocation: Invocation = {
    command,
    ...(stdin === undefined ? {} : { stdin }),
    ...(logging === undefined ? {} : { logging }),
    environment: { ...environment, ...(addPreviousOutputInEnv === false ? {} : outputVariables(previous)) },
    show,
    signal,
  };
  if (state.connection === undefined) {
    return runLocally({
      ...invocation,
      ...(dir === undefined ? {} : { dir }),
      ...(interpreter === undefined ? {} : { interpreter }),
    });
  }
  // Loaded only when something is remote: it doubles the start-up time.
  const { runRemotely } = await import("./remote-run.js");
  return runRemotely(invocation, state.connection as unknown as SshSettings);
}

function outputVariables({ stdout, stderr }: CommandOutput): Record<string, string> {
  return {
    ...(stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr === "" ? {} : { PULUMI_COMMAND_STDERR: stderr }),
  };
}
