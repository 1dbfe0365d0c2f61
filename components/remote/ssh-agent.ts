import * as pulumi from "@pulumi/pulumi";
import { connect } from "node:net";

/**
 * Warns of an SSH_AUTH_SOCK whose agent is gone. Pulumi's command plugin opens that socket for every connection, though
 * each has a private key, and fails when it can't (1.2.1). `agentSocketPath` can't turn that off, and this program can't
 * unset the variable for the plugin, which is a process of its own; `npm run deploy` does. An agent that answers is never
 * asked for a key: the plugin tries public keys once, and the private key comes first.
 */
export function warnOfDeadAgent(path = process.env["SSH_AUTH_SOCK"]): Promise<void> {
  if (!path) return Promise.resolve();
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", ({ message }) => {
      const cure = `env -u SSH_AUTH_SOCK npx pulumi up -s ${pulumi.getStack()}`;
      resolve(
        pulumi.log.warn(
          `SSH_AUTH_SOCK — no agent answers (${message}), and every step on a machine fails; run: ${cure}`,
        ),
      );
    });
  });
}
