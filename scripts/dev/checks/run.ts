import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "../../lib/paths";

/** The output of a command, standard output before standard error, and whether the command succeeded. */
export interface Outcome {
  readonly output: string;
  readonly ok: boolean;
}

/** Runs a command in the clone, with the programs of node_modules on its path. A missing program is a failure. */
export function run([program = "", ...args]: readonly string[], input?: string): Promise<Outcome> {
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  const options = {
    cwd: root,
    env: { ...process.env, PATH: path, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 2 ** 26,
  };
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const failure = error && stdout + stderr === "" ? error.message : "";
      resolve({ output: `${stdout}${stderr}${failure}`, ok: error === null });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}
