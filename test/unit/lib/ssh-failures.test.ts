import { expect, it } from "vitest";
import { withCure } from "../../../scripts/lib/ssh-failures";

// Words of the official plugin, from runs of 1.2.1 and its source.
it.each([
  ["dial unix /tmp/agent: connect: no such file or directory", /; SSH_AUTH_SOCK names an agent that is gone, /],
  [
    "after 60 failed attempts: ssh: handshake failed: ssh: no common algorithm for host key; we offered: [ssh-rsa]",
    /; the server has no key of the pinned type: /,
  ],
  ["proxy: after 60 failed attempts: ssh: handshake failed: ssh: host key mismatch", /; the machine has another key /],
  ["proxy: after 60 failed attempts: ssh: handshake failed: EOF", /; behind a bastion .* run the same command again$/],
])("%s gets its cure", (failure, cure) => {
  const text = withCure(failure);
  expect(text.startsWith(failure)).toBe(true);
  expect(text.slice(failure.length)).toMatch(cure);
});

it.each([
  "after 60 failed attempts: dial tcp 192.0.2.11:22: connect: connection refused",
  "after 60 failed attempts: ssh: handshake failed: EOF",
  "ssh: handshake failed: ssh: host key mismatch: 192.0.2.11:22 offered ssh-ed25519 SHA256:a; check that this is the right machine",
  "Process exited with status 1: [disk-gate] cp-3: …",
])("%s stays as it is", (failure) => {
  expect(withCure(failure)).toBe(failure);
});
