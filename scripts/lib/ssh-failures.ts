/** Failures of the official command plugin (1.2.1) whose words name no cure, and the cure. */
const CURES: readonly (readonly [failure: RegExp, cure: string])[] = [
  [
    /\bdial unix \S+: /,
    "SSH_AUTH_SOCK names an agent that is gone, and the plugin needs none: run it again with env -u SSH_AUTH_SOCK",
  ],
  [
    /\bno common algorithm for host key\b/,
    "the server has no key of the pinned type: compare its hostKey in the stack file with ssh-keyscan",
  ],
  [
    /\bhost key mismatch(?!:)/,
    "the machine has another key than the pinned one: check that it is the right machine before you change its hostKey",
  ],
  [
    /\bproxy: .*\bssh: handshake failed\b/,
    "behind a bastion the plugin repeats a failed handshake on the same dead stream: run the same command again",
  ],
];

/** A failure of a step on a machine, with its cure where the plugin names none. */
export function withCure(failure: string): string {
  const cure = CURES.find(([known]) => known.test(failure))?.[1];
  return cure === undefined ? failure : `${failure}; ${cure}`;
}
