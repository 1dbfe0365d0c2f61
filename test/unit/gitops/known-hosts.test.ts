import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { isRevision, parseGitAddress, withPort } from "../../../components/addresses/git-address";
import { knownHosts } from "../../../components/gitops/known-hosts";

it.each([
  ["git@git.example.org:2222/org/infra.git", "ssh://git@git.example.org:2222/org/infra.git"],
  ["git@git.example.org:2222:/srv/infra.git", "ssh://git@git.example.org:2222/srv/infra.git"],
  ["git@git.example.org:/2222/infra.git", undefined],
  ["git@git.example.org:v3/infra.git", undefined],
  ["ssh://git@git.example.org:2222/infra.git", undefined],
])("a port in %s is meant as %s", (url, meant) => {
  expect(withPort(url)).toBe(meant);
});

const REVISIONS = ["HEAD", "main", "feature/#12", "release@2024", "v1+b", "größe", "refs/heads/main", "{x}", "a.b"];
const EXPRESSIONS = [
  "HEAD~1",
  "main^",
  "a..b",
  "@",
  "@{u}",
  "x.lock",
  "a/x.lock/b",
  "a/.b",
  "-x",
  "a//b",
  "x.",
  "x/",
  "a b",
];
it.each([...REVISIONS, ...EXPRESSIONS])("git and the configuration agree on the revision %s", (revision) => {
  const { status } = spawnSync("git", ["check-ref-format", `refs/heads/${revision.replace(/^(-|@$)/, ".$1")}`]);
  expect(isRevision(revision)).toBe(status === 0);
  expect(isRevision(revision)).toBe(REVISIONS.includes(revision));
});

describe("the server of a repository", () => {
  it.each([
    ["ssh://git@10.78.0.10/srv/git/infra.git", "ssh", "10.78.0.10", 22],
    ["ssh://git@git.example.org:2222/infra.git", "ssh", "git.example.org", 2222],
    ["git@git.example.org:/srv/git/infra.git", "ssh", "git.example.org", 22],
    ["git@git.example.org:~platform/infra.git", "ssh", "git.example.org", 22],
    ["git@[fd00::10]:infra.git", "ssh", "fd00::10", 22],
    ["org@vs-ssh.visualstudio.com:v3/org/My%20Project/infra", "ssh", "vs-ssh.visualstudio.com", 22],
    ["https://[fd00::10]:3000/infra.git", "http", "fd00::10", 22],
    ["ssh://git@[fd00::10]:2222/infra.git", "ssh", "fd00::10", 2222],
    ["git@github.com:your-org/infra-repo.git", "ssh", "github.com", 22],
    ["https://github.com/your-org/infra-repo.git", "http", "github.com", 22],
    ["http://10.0.0.1:3000/infra.git", "http", "10.0.0.1", 22],
  ])("of %s is over %s %s, port %i", (url, protocol, host, port) => {
    expect(parseGitAddress(url)).toEqual({ protocol, host, port });
  });

  it.each([
    "infra.git",
    "ssh://",
    "ssh://git@git.example.org",
    "git@github.com",
    "git@github.com:",
    "https://user:password@git.example.org/infra.git",
    "ssh://git:password@git.example.org/infra.git",
    "file:///srv/git/infra.git",
    "ssh://git.example.org/infra.git",
    "git.example.org:infra.git",
    "ssh://git@git.example.org:99999/infra.git",
    "ssh://git@[fd00::zz]/infra.git",
    "git@-oProxyCommand=x:infra.git",
    "git@git.example.org:--upload-pack=x",
    "git@git.example.org:a@b",
    "",
  ])("is not found in %j", (url) => {
    expect(parseGitAddress(url)).toBeUndefined();
  });

  it("is pinned by a line for each of its keys", () => {
    expect(knownHosts("ssh://git@10.78.0.10/srv/git/infra.git", ["ssh-ed25519 AAAA", "ssh-rsa BBBB"])).toEqual([
      "10.78.0.10 ssh-ed25519 AAAA",
      "10.78.0.10 ssh-rsa BBBB",
    ]);
    expect(knownHosts("ssh://git@git.example.org:2222/infra.git", ["ssh-ed25519 AAAA"])).toEqual([
      "[git.example.org]:2222 ssh-ed25519 AAAA",
    ]);
    expect(knownHosts("https://github.com/your-org/infra-repo.git", [])).toEqual([]);
  });

  it("is not pinned where there is none", () => {
    expect(() => knownHosts("https://git.example.org/infra.git", ["ssh-ed25519 AAAA"])).toThrow(
      "gitops.repoURL — names no SSH server to pin (got https://git.example.org/infra.git, need ssh://user@host[:port]/path or user@host:path)" +
        " — give the SSH address, or remove gitops.hostKeys",
    );
  });
});
