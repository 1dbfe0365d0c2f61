import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/{unit,graph}/**/*.test.ts", "packages/*/test/**/*.test.ts"],
    exclude: ["packages/mirror/test/built/**", "node_modules/**"],
    // Two forks at most: the machines this runs on are small, and a fork that loads Pulumi takes 300 MB.
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
    testTimeout: 20_000,
  },
});
