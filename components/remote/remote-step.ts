import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Host } from "./host";
import { effectiveScript, renderScript } from "./script";

const SCRIPTS = join(__dirname, "..", "..", "scripts", "remote");

/** Scripts with their libraries, by name: a stack with a hundred machines sends each a hundred times. */
const bodies = new Map<string, string>();

function bodyOf(script: string): string {
  const body = bodies.get(script) ?? effectiveScript(join(SCRIPTS, script));
  bodies.set(script, body);
  return body;
}

/** A script with its variables, for a machine to keep. */
export function scriptText(script: string, env: Readonly<Record<string, string>>): string {
  return renderScript(bodyOf(script), env);
}

export interface RemoteStepArgs {
  /** The machine the script runs on, as root. */
  readonly on: Host;
  /** Script below `scripts/remote`, named like the step: `kubernetes/join-worker.sh`. */
  readonly script: string;
  /** Exported to the script, upper snake case. A secret value makes the whole input secret. */
  readonly env?: Readonly<Record<string, pulumi.Input<string>>>;
  /** The script runs again, in place, when one of these changes. */
  readonly rerunOn?: readonly pulumi.Input<string>[];
  /** `script`: deleting the step runs the script's `destroy`. `none`: nothing to undo. */
  readonly undo: "script" | "none";
  /** The verb of the script that a changed input runs. @default "apply", like the first run */
  readonly updateVerb?: "apply" | "change";
  /** Longest run before the step is killed and fails, in seconds. @default 300 */
  readonly timeoutSeconds?: number;
  /** How often a connection is tried. @default 60, about four minutes: a machine may still be booting */
  readonly dialAttempts?: number;
}

/**
 * One script on one machine over SSH: the only user of @pulumi/command's remote commands.
 *
 * - The script, with quoted exports and its libraries, travels on stdin, so that neither argv nor the error text of a
 *   failed command, which repeats `create`, ever holds a value (observed with command 1.2.1).
 * - A changed script or value is a changed stdin, which re-runs the idempotent script in place. What has no effect is
 *   not sent (`reduceScript`): a comment, or a library's function that the script never calls, changes no step. There
 *   are no `triggers`: they replace, and a replacement runs the old `delete` on the machine that was just set up.
 * - `logging: "none"`: one output line over 64 KiB hangs the provider otherwise (observed with 1.2.1).
 * - `deletedWith` the machine: a dead host does not block `pulumi destroy`.
 *
 * `stdout` is what the script printed, small JSON or nothing, and always secret.
 *
 * @example
 * new RemoteStep("cp-1-init", { on: machine, script: "kubernetes/init.sh", env: { CONFIG: text }, undo: "script" });
 */
export class RemoteStep extends command.remote.Command {
  private readonly sent: (without: readonly string[]) => pulumi.Output<string>;

  constructor(name: string, args: RemoteStepArgs, opts: pulumi.CustomResourceOptions = {}) {
    const run = (verb: "apply" | "change" | "destroy"): string =>
      `$([ "$(id -u)" = 0 ] || echo sudo -n) timeout --kill-after=15 ${args.timeoutSeconds ?? 300} bash -s -- ${verb}`;
    const body = bodyOf(args.script);
    const stdin = pulumi
      .all([pulumi.all(args.env ?? {}), pulumi.all([args.on.identity, ...(args.rerunOn ?? [])])])
      .apply(([env, rerunOn]) => renderScript(body, { ...env, RERUN_ON: rerunOn.join(" ") }));
    super(
      name,
      {
        connection: { ...args.on.connection, dialErrorLimit: args.dialAttempts ?? 60, perDialTimeout: 10 },
        create: run("apply"),
        update: run(args.updateVerb ?? "apply"),
        ...(args.undo === "script" ? { delete: run("destroy") } : {}),
        stdin,
        logging: command.remote.Logging.None,
        addPreviousOutputInEnv: false,
      },
      pulumi.mergeOptions(opts, {
        dependsOn: [...args.on.ready],
        deleteBeforeReplace: true,
        additionalSecretOutputs: ["stdout", "stderr"],
        ...(args.on.disposedWith ? { deletedWith: args.on.disposedWith } : {}),
      }),
    );
    this.sent = (without) =>
      pulumi
        .unsecret(pulumi.all(args.env ?? {}))
        .apply((env) => Object.fromEntries(Object.entries(env).filter(([variable]) => !without.includes(variable))))
        .apply((env) => renderScript(body, env));
  }

  /** SHA-256 of the script with its variables but these, whichever machine it runs on. Only for a step without secrets. */
  digestWithout(...names: readonly string[]): pulumi.Output<string> {
    return this.sent(names).apply((text) => createHash("sha256").update(text).digest("hex"));
  }
}
