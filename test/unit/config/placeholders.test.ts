/** Every placeholder of the stack files as they are given is named, and nothing that somebody put in. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { placeholders } from "../../../config/placeholders";
import { ENVIRONMENTS, testedStackFile } from "../../stacks/stack-file";
import { parseStack } from "../../../config/parse";
import { around, stackCase } from "./stack-case";

it.each(ENVIRONMENTS)("of Pulumi.%s.yaml", async (stack) => {
  const text = readFileSync(testedStackFile(stack), "utf8");
  const { config: given } = parse(text) as { config: Record<string, Record<string, unknown>> };
  const raw = Object.fromEntries(Object.entries(given).map(([key, value]) => [key.replace(/^.*:/, ""), value]));
  const read = (path: string): { ok: string } => ({ ok: readFileSync(path, "utf8") });
  const { config } = parseStack(raw, { stack, now: new Date(), read, preview: true });
  if (!config) throw new Error("the stack file was refused");
  const named = placeholders(config);
  const hostKeys = [...text.matchAll(/^ +(- |hostKey: )ssh-ed25519/gm)].length;
  expect(hostKeys).toBeGreaterThan(1);
  expect(named.filter((key) => key.includes("hostKey"))).toHaveLength(hostKeys);
  expect(named.filter((key) => key.startsWith("hypervisors") && key.includes("address"))).toHaveLength(hostKeys - 1);
  for (const key of ["network.cidr ", "guestImage.sha512", "gitops.repoURL "])
    expect(named.some((entry) => entry.startsWith(key))).toBe(true);
});

it("not what is somebody's own", async () => {
  const { sections } = await stackCase("valid/guests-otherwise.yaml");
  const { config } = parseStack(sections, await around());
  if (!config) throw new Error("the stack file was refused");
  const own = {
    ...config,
    network: { ...config.network, cidr: "10.0.0.0/24" },
    hypervisors: config.hypervisors.map((hypervisor) => ({
      ...hypervisor,
      address: "hv.mysite.org",
      hostKey: "ssh-ed25519 AAAA",
    })),
    guestImage: config.guestImage && { ...config.guestImage, checksum: { algorithm: "sha256" as const, hex: "ab" } },
    nodes: config.nodes.map((node) =>
      node.kind === "libvirt" ? { ...node, ipv6: "2001:db9::1/64" } : { ...node, hostKey: "ssh-ed25519 AAAA" },
    ),
    gitops: { ...config.gitops, repoURL: "git@myexample.org:infra.git", hostKeys: ["ssh-ed25519 AAAA"] },
  };
  expect(placeholders(config)).not.toEqual([]);
  expect(placeholders(own)).toEqual([]);
});
