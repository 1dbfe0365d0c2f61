import { defineConfig } from "vitest/config";

/** `npx vitest run --config packages/mirror/test/built/vitest.config.mts`: needs root, Go and Debian packages; builds the mirror first. */
export default defineConfig({
  test: {
    include: ["packages/mirror/test/built/**/*.test.ts"],
    globalSetup: "packages/mirror/test/built/built-mirror.ts",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
