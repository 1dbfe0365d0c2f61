import type { ClientChannel } from "ssh2";
import type { NodeConnection } from "./expected";
import { reach } from "./reach";

/** Stands before a command that needs root: the login may be another one that has sudo. */
export const AS_ROOT = '$([ "$(id -u)" = 0 ] || echo sudo -n)';

export interface NodeCommand {
  readonly command: string;
  readonly stdin: string;
  /** Time limit. */
  readonly seconds: number;
}

/** What a command printed, and when by this computer's clock, in milliseconds since 1970. */
export interface Answer {
  readonly stdout: string;
  readonly askedMs: number;
  /** When its first output arrived. */
  readonly answeredMs: number;
}

interface Result extends Answer {
  readonly code: number | null;
  readonly stderr: string;
}

/**
 * Runs one command on a machine: one login with the pinned host key, through its bastion when it has one, the script on
 * stdin.
 *
 * @returns what it printed
 * @throws a sentence when the machine can't be reached, or the command fails
 */
export async function runOnNode(connection: NodeConnection, ask: NodeCommand): Promise<string> {
  return (await askNode(connection, ask)).stdout;
}

/** The same, with the times between which the node answered. */
export function askNode(connection: NodeConnection, ask: NodeCommand): Promise<Answer> {
  return reach(connection, async (client) => {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec(ask.command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const result = await resultOf(channel, ask);
    if (result.code !== 0) throw new Error(failureOf(result.code, result.stderr));
    return result;
  });
}

function resultOf(channel: ClientChannel, { stdin, seconds }: NodeCommand): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const askedMs = Date.now();
    let answeredMs = NaN;
    let code: number | null = null;
    const timer = setTimeout(() => reject(new Error(`it gave no answer within ${seconds} s`)), seconds * 1000);
    channel.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.push(text) === 1) answeredMs = Date.now();
    });
    channel.stderr.setEncoding("utf8").on("data", (text: string) => void stderr.push(text));
    channel.on("exit", (status: number | null) => (code = status));
    channel.on("close", () => {
      clearTimeout(timer);
      resolve({ code, stdout: stdout.join(""), stderr: stderr.join(""), askedMs, answeredMs });
    });
    channel.end(stdin);
  });
}

function failureOf(code: number | null, stderr: string): string {
  const lastLine = stderr.trim().split("\n").at(-1);
  // What `timeout` ends has one of these codes.
  if (code === 124 || code === 137) return "its command took too long, and was ended";
  return lastLine ? lastLine : `its command ended with ${code ?? "no exit code"}`;
}
