import { defineConfig } from "vitest/config";

/** `npx vitest run --config test/mirror/vitest.config.mts`: needs root, Go and Debian packages; builds the mirror first. */
export default defineConfig({
  test: {
    include: ["test/mirror/**/*.test.ts"],
    globalSetup: "test/mirror/built-mirror.ts",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
