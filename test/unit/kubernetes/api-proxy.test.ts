// Proves the rendered text. That haproxy accepts it and fails over is proved by test/e2e.
import { expect, it } from "vitest";
import { renderApiProxyConfig } from "../../../components/kubernetes/api-proxy";

it("checks every control plane and listens on this node only", () => {
  const config = renderApiProxyConfig([
    { name: "cp-1", address: "10.78.0.11" },
    { name: "cp-2", address: "10.78.0.12" },
  ]);
  expect(config).toContain("  bind 127.0.0.1:7443\n");
  expect(config.split("\n").filter((line) => line.startsWith("  server "))).toEqual([
    "  server cp-1 10.78.0.11:6443",
    "  server cp-2 10.78.0.12:6443",
  ]);
  expect(config).toContain("option httpchk GET /readyz");
  expect(config).toContain("on-marked-down shutdown-sessions");
});
