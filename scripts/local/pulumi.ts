/**
 * `npm run pulumi -- COMMAND [ARG ...]`: any Pulumi command on the local stack, with the platform's backend, passphrase
 * and rendered stack file: `npm run pulumi -- preview`.
 */
import { spawnSync } from "node:child_process";
import { holdPlatform } from "./platform/exclusive";
import { root } from "../lib/paths";
import { localStack, pulumiBinary, pulumiEnvironment } from "../lib/pulumi";

/** Commands that read the stack's configuration. */
const WITH_CONFIG = new Set(["preview", "up", "destroy", "refresh", "config"]);

async function main(): Promise<never> {
  // `npm start` and `npm stop` release locks and end processes that a killed Pulumi left: they must not meet a living one.
  await holdPlatform();
  const [command = "help", ...args] = process.argv.slice(2);
  const stack = WITH_CONFIG.has(command) ? localStack : command === "stack" ? ["--stack", "local"] : [];
  const { NODE_OPTIONS, ...env } = pulumiEnvironment();
  // A program that starts quickly leaves out what Pulumi's SDK would tell.
  const debug = args.some((arg) => arg === "--debug" || arg === "-d");
  const { status } = spawnSync(pulumiBinary(), [command, ...args, ...stack], {
    cwd: root,
    env: { ...process.env, ...env, ...(debug ? {} : { NODE_OPTIONS }) },
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
