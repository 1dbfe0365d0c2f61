import type { ClientChannel } from "ssh2";
import type { NodeConnection } from "./expected";
import { reach } from "./reach";

export interface NodeCommand {
  readonly command: string;
  readonly stdin: string;
  /** Time limit. */
  readonly seconds: number;
}

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one command on a machine: one login with the pinned host key, through its bastion when it has one, the script on
 * stdin.
 *
 * @returns what it printed
 * @throws a sentence when the machine can't be reached, or the command fails
 */
export function runOnNode(connection: NodeConnection, ask: NodeCommand): Promise<string> {
  return reach(connection, async (client) => {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec(ask.command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const { code, stdout, stderr } = await resultOf(channel, ask);
    if (code !== 0) throw new Error(failureOf(code, stderr));
    return stdout;
  });
}

function resultOf(channel: ClientChannel, { stdin, seconds }: NodeCommand): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stdout: string[] = [];
    const stderr: string[] = [];
    let code: number | null = null;
    const timer = setTimeout(() => reject(new Error(`it gave no answer within ${seconds} s`)), seconds * 1000);
    channel.setEncoding("utf8").on("data", (text: string) => void stdout.push(text));
    channel.stderr.setEncoding("utf8").on("data", (text: string) => void stderr.push(text));
    channel.on("exit", (status: number | null) => (code = status));
    channel.on("close", () => {
      clearTimeout(timer);
      resolve({ code, stdout: stdout.join(""), stderr: stderr.join("") });
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
