/** What is refused, and taken away, before anything is started. Does not prove that Pulumi reaches a backend. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { accessStack } from "../../../scripts/stack/access/stack-access";

let nobody: string;
beforeEach(() => {
  nobody = mkdtempSync(join(tmpdir(), "gitops-platform-credentials-"));
  vi.stubEnv("PULUMI_BACKEND_URL", "");
  vi.stubEnv("PULUMI_CREDENTIALS_PATH", nobody);
  // A site's own stack file has secrets.
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "a passphrase for a test");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(nobody, { recursive: true });
});

it("without a backend nothing can be compared, which must not become a comment", async () => {
  await expect(accessStack("production", { emptyIsFine: false })).rejects.toThrow(
    "stack production — no state backend, so its state can't be read; set PULUMI_BACKEND_URL to the backend that " +
      "holds it (docs/guides/ci.md)",
  );
});

it("what is started has no token to comment with", async () => {
  vi.stubEnv("GITLAB_COMMENT_TOKEN", "a token");
  vi.stubEnv("GITHUB_TOKEN", "another");
  await expect(accessStack("nowhere", { emptyIsFine: true })).rejects.toThrow(
    /^stack nowhere — has no Pulumi\.nowhere/,
  );
  expect([process.env["GITLAB_COMMENT_TOKEN"], process.env["GITHUB_TOKEN"]]).toEqual([undefined, undefined]);
});
