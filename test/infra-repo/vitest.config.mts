import { defineConfig } from "vitest/config";

/** `npx vitest run --config test/infra-repo/vitest.config.mts`: builds the mirror first, whose programs these tests run. */
export default defineConfig({
  test: {
    include: ["test/infra-repo/**/*.test.ts"],
    globalSetup: "packages/mirror/test/built/built-mirror.ts",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
