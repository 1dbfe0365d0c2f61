import { defineConfig } from "vitest/config";

/** Pipelines, plans and state backends on the real engine, one after the other: each takes a core or two. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["./programs.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
