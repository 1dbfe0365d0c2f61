/**
 * `npm run forget` under the real engine: what it takes out of a state, and what the next update then does. The site exists
 * on paper only: that a node joins a living cluster again under its old name is not proved here.
 */
import { execa } from "execa";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planRemoval, removeFromState } from "../../scripts/stack/access/removal-run";
import { previewPlan } from "../../scripts/stack/access/preview-run";
import { refuseLocked } from "../../scripts/stack/access/stack-lock";
import { root } from "../../scripts/lib/paths";
import { pulumi } from "../../scripts/lib/pulumi";
import type { StateResource } from "../../scripts/lib/stack-state";
import { outsideAddresses } from "../e2e/outside-addresses";
import { Site, type SiteNode } from "../plans/site";

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-forget-"));
const trace = join(scratch, "trace");
let site: Site;
let hypervisors: { name: string; address: string }[];

beforeAll(async () => {
  site = await Site.make("production");
  // As the stack file has it, and one more worker that is alone on a hypervisor.
  hypervisors = site.config["hypervisors"] as typeof hypervisors;
  addHypervisor("production-hv-4", "198.51.100.5");
  site.config.nodes.push({ ...node("production-worker-2"), name: "production-worker-3", address: "198.51.100.23" });
  node("production-worker-3")["hypervisor"] = "production-hv-4";
  await site.writeConfig();
  await site.up();
});
afterAll(() => {
  site.remove();
  rmSync(scratch, { recursive: true, force: true });
});

function node(name: string): SiteNode {
  const found = site.config.nodes.find((other) => other.name === name);
  if (!found) throw new Error(`the site has no node ${name}`);
  return found;
}

function addHypervisor(name: string, address: string): void {
  const [first] = hypervisors;
  if (first) hypervisors.push({ ...first, name, address });
}

function takeOut(hypervisor: string): void {
  hypervisors.splice(
    hypervisors.findIndex(({ name }) => name === hypervisor),
    1,
  );
}

/** The command as an operator runs it, and the addresses outside this computer that it connected to. */
async function run(...args: string[]) {
  const command = [process.execPath, "--require", "tsx/cjs", "scripts/stack/forget.ts", "production", ...args];
  const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = site.env;
  const { exitCode, stdout, stderr } = await execa(
    "strace",
    ["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", trace, ...command],
    { cwd: root, env: { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE }, reject: false, stdin: "ignore" },
  );
  return { exitCode, stdout, stderr, outside: outsideAddresses(readFileSync(trace, "utf8")) };
}

/** The state, without when it was stored; every import encrypts its secrets anew. */
async function state(): Promise<{ resources: readonly StateResource[] }> {
  const text = await pulumi(site.access(), ["stack", "export"]);
  const { deployment } = JSON.parse(text.replaceAll(/"ciphertext": "[^"]+"/g, '"ciphertext": ""')) as {
    deployment: { manifest?: object; resources: readonly StateResource[] };
  };
  const { manifest: _manifest, ...rest } = deployment;
  return rest;
}

const nameOf = ({ urn }: StateResource): string => urn.split("::")[3] ?? "";
/** With other nodes, the firewalls of those that stay change. */
const changedWith = (...kept: readonly string[]): string[] =>
  kept.map((name) => `production-production-${name}-firewall`);

it("shows first, and refuses what can't be forgotten", async () => {
  const before = await state();
  const shown = await run("production-hv-4");
  expect(shown).toMatchObject({ exitCode: 7, stderr: "", outside: [] });
  expect(shown.stdout).toMatch(
    /^Out of the state of production: 17 resources of production-worker-3, production-hv-4\n/,
  );
  expect(shown.stdout).toMatch(/\nNothing was changed\. To do it: npm run forget -- production production-hv-4 --yes$/);
  const refused = await run("production-hv-1", "production-hv-2", "production-hv-3", "--yes");
  expect(refused).toMatchObject({ exitCode: 1, stdout: "", outside: [] });
  expect(refused.stderr).toMatch(
    /^stack production — production-cp-1 .* would go, and no control plane would be left;/,
  );
  await expect(planRemoval(site.access(), ["production-hv-9"])).rejects.toThrow(
    "hypervisors: production-hv-1, production-hv-2, production-hv-3, production-hv-4)",
  );
  expect(await state()).toEqual(before);
});

it("refuses while somebody else updates the stack, or has meanwhile", async () => {
  const before = await state();
  const intent = await planRemoval(site.access(), ["production-hv-4"]);
  const locks = join(site.directory, "state", ".pulumi", "locks", "organization", "gitops-platform", "production");
  mkdirSync(locks, { recursive: true });
  const lock = { pid: 4711, username: "root", hostname: "runner-2", timestamp: "2026-11-24T13:05:00Z" };
  writeFileSync(join(locks, "5d2c0c3b-2a4b-4d62-9d4b-6d5a4e3f2b10.json"), JSON.stringify(lock));
  await expect(removeFromState(site.access(), intent)).rejects.toThrow(
    "stack production — is being updated by root@runner-2 (process 4711) since 2026-11-24T13:05:00Z; wait until that has " +
      "ended. If it was killed, and only then: npm run recover -- production",
  );
  // A maintenance of the nodes asks for the lock only.
  await expect(refuseLocked(site.access(), before)).rejects.toThrow("is being updated by root@runner-2 (process 4711)");
  rmSync(locks, { recursive: true });
  await refuseLocked(site.access(), before);
  const values = ({ resources }: typeof before): unknown =>
    resources.map(({ inputs, outputs, urn }) => [urn, inputs, outputs]);
  expect(values(await state())).toEqual(values(before));
  const later = await state();
  await expect(removeFromState(site.access(), { ...intent, before: "another" })).rejects.toThrow(
    "stack production — its state has changed meanwhile, and nothing was taken out; run it again",
  );
  expect(await state()).toEqual(later);
});

it("a worker and its hypervisor that leave the stack file as well: nothing is left to do; and back again", async () => {
  const before = await state();
  const done = await run("production-hv-4", "--yes");
  expect(done).toMatchObject({ exitCode: 0, stderr: "", outside: [] });
  const [, file = ""] = /npx pulumi stack import --stack production --file (\S+)$/.exec(done.stdout) ?? [];
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const kept = readFileSync(file, "utf8");
  for (const secret of [site.secrets.login, site.secrets.deploy, site.secrets.sealing])
    expect(kept).not.toContain(secret.split("\n")[1]);
  expect(kept).toContain('"ciphertext"');
  expect(kept).not.toContain('"plaintext"');

  const after = await state();
  const gone = before.resources.filter(({ urn }) => !after.resources.some((other) => other.urn === urn));
  expect(gone.map(nameOf).filter((name) => !/production-(worker-3|hv-4)($|-)/.test(name))).toEqual([]);
  expect(gone).toHaveLength(17);
  expect(gone.filter((resource) => resource.protect).map(nameOf)).toEqual([
    "production-worker-3-host-key",
    "production-worker-3-host-key-seed",
  ]);

  takeOut("production-hv-4");
  site.config.nodes.splice(site.config.nodes.indexOf(node("production-worker-3")), 1);
  await site.writeConfig();
  const plan = await previewPlan(site.access());
  const changed = changedWith("cp-1", "cp-2", "cp-3", "worker-1", "worker-2");
  expect(plan).toMatchObject({ counts: { create: 0, update: changed.length, replace: 0, delete: 0 }, errors: [] });
  expect(plan.groups.flatMap(({ changes }) => changes.map(({ name }) => name)).sort()).toEqual(changed);

  await pulumi(site.access(), ["stack", "import", "--file", file]);
  rmSync(file);
  expect(await state()).toEqual(before);
  rmSync(await removeFromState(site.access(), await planRemoval(site.access(), ["production-hv-4"])));
});

it("a hypervisor with a control plane and a worker, moved to another one: only these are made", async () => {
  rmSync(await removeFromState(site.access(), await planRemoval(site.access(), ["production-hv-2"])));
  takeOut("production-hv-2");
  addHypervisor("production-hv-5", "198.51.100.6");
  for (const name of ["production-cp-2", "production-worker-2"]) node(name)["hypervisor"] = "production-hv-5";
  await site.writeConfig();

  const plan = await previewPlan(site.access());
  const changed = changedWith("cp-1", "cp-3", "worker-1");
  expect(plan).toMatchObject({ counts: { create: 32, update: changed.length, replace: 0, delete: 0 }, errors: [] });
  const made = plan.groups.flatMap(({ changes }) => changes.map(({ name }) => name)).sort();
  expect(made).toEqual(
    [
      ...["check", "image"].map((role) => `production-hv-5-${role}`),
      ...["production-cp-2", "production-worker-2"].flatMap((name) => [
        ...["host-key-seed", "guest", "boot"].map((role) => `${name}-${role}`),
        `disk-gate-${name}-together`,
        ...["prepare", "firewall", "door", "admission", "join", "membership", "drain", "restart", "activation"].map(
          (role) => `production-${name}-${role}`,
        ),
      ]),
      "disk-gate-production-cp-2",
      ...["production-production-cp-2-encryption", "health-production-cp-2", "health-production-worker-2"],
      ...changed,
    ].sort(),
  );

  await site.up();
});

it("the hypervisor with the first control plane: it joins the others, and nothing in the cluster is made anew", async () => {
  const before = await state();
  rmSync(await removeFromState(site.access(), await planRemoval(site.access(), ["production-hv-1"])));
  takeOut("production-hv-1");
  addHypervisor("production-hv-6", "198.51.100.7");
  for (const { name, hypervisor } of site.config.nodes)
    if (hypervisor === "production-hv-1") node(name)["hypervisor"] = "production-hv-6";
  await site.writeConfig();
  const plan = await previewPlan(site.access());
  expect(plan).toMatchObject({ counts: { replace: 0, delete: 0 }, errors: [] });
  const inCluster = (urn: string): boolean => /::kubernetes:/.test(urn) || /\$kubernetes:/.test(urn);
  const changes = plan.groups.flatMap((group) => group.changes);
  expect(changes.filter(({ operation, step }) => operation === "create" && inCluster(step.urn))).toEqual([]);
  await site.up();
  const after = await state();
  const objects = (resources: readonly StateResource[]): string[] =>
    resources
      .map(({ urn }) => urn)
      .filter(inCluster)
      .sort();
  expect(objects(after.resources).length).toBeGreaterThan(20);
  expect(objects(after.resources)).toEqual(objects(before.resources));
  expect(await previewPlan(site.access())).toMatchObject({ counts: { create: 0, update: 0, replace: 0, delete: 0 } });
});
