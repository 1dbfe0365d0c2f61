import { defineConfig } from "vitest/config";

/** `npx vitest run --config test/policy/vitest.config.mts`: installs the Pulumi CLI and plugins first. */
export default defineConfig({
  test: {
    include: ["test/policy/**/*.test.ts"],
    globalSetup: "test/policy/installed-pulumi.ts",
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
