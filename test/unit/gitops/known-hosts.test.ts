import { describe, expect, it } from "vitest";
import { knownHosts, sshServer } from "../../../components/gitops/known-hosts";

describe("the server of a repository", () => {
  it.each([
    ["ssh://git@10.78.0.10/srv/git/infra.git", "10.78.0.10", 22],
    ["ssh://git@git.example.org:2222/infra.git", "git.example.org", 2222],
    ["ssh://git.example.org/infra.git", "git.example.org", 22],
    ["ssh://git@[fd00::10]:2222/infra.git", "fd00::10", 2222],
    ["git@github.com:your-org/infra-repo.git", "github.com", 22],
  ])("of %s is %s, port %i", (url, host, port) => {
    expect(sshServer(url)).toEqual({ host, port });
  });

  it.each(["https://github.com/your-org/infra-repo.git", "infra.git", "ssh://", "git@github.com", ""])(
    "is refused in %j",
    (url) => {
      expect(() => sshServer(url)).toThrow(
        `gitops.repoURL — names no server to reach over SSH (got ${url}, need ssh://user@host[:port]/path or user@host:path)` +
          " — give the address under which the deploy key may read",
      );
    },
  );

  it("is pinned by a line for each of its keys", () => {
    expect(knownHosts("ssh://git@10.78.0.10/srv/git/infra.git", ["ssh-ed25519 AAAA", "ssh-rsa BBBB "])).toEqual([
      "10.78.0.10 ssh-ed25519 AAAA",
      "10.78.0.10 ssh-rsa BBBB",
    ]);
    expect(knownHosts("ssh://git@git.example.org:2222/infra.git", ["ssh-ed25519 AAAA"])).toEqual([
      "[git.example.org]:2222 ssh-ed25519 AAAA",
    ]);
    expect(knownHosts("https://github.com/your-org/infra-repo.git", [])).toEqual([]);
  });
});
