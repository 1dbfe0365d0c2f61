/**
 * `npx tsx test/plans/record.ts [NAME ...]`: makes the recorded plans of test/unit/plan/recorded anew, with the real
 * engine and the real program on a site that only exists on paper. Needs Pulumi's programs (`npm start` installs them).
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest, Step, StepState } from "../../scripts/local/plan/digest";
import { root } from "../../scripts/local/platform/paths";
import { makeLoginKey } from "../fixtures/keys";
import { Site } from "./site";

const RECORDED = join(root, "test", "unit", "plan", "recorded");

interface Scenario {
  readonly stack: "local" | "production";
  /** Brings the site into the state before; left out: nothing is there yet. */
  readonly before?: (site: Site) => void;
  /** The change that is looked at. */
  readonly change: (site: Site) => void;
}

const none = (): void => undefined;
const worker3 = {
  ...{ name: "production-worker-3", kind: "adopted", role: "worker", address: "198.51.100.23" },
  hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
};

/** Each name is a file. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "first-creation": { stack: "production", change: none },
  "no-change": { stack: "production", before: none, change: none },
  "worker-added": { stack: "production", before: none, change: ({ config }) => config.nodes.push(worker3) },
  "worker-removed": { stack: "production", before: none, change: ({ config }) => config.nodes.pop() },
  "memory-changed": {
    stack: "local",
    before: none,
    change: ({ config }) => Object.assign(config.nodes[1] ?? {}, { memoryMiB: 8192 }),
  },
  "kubernetes-patch": {
    stack: "local",
    before: ({ config }) => (config.versions["kubernetes"] = "1.27.3"),
    change: ({ config }) => (config.versions["kubernetes"] = "1.27.4"),
  },
  // A local machine is bound to its address; a server somebody ordered to its host key.
  "machine-replaced": {
    stack: "local",
    before: none,
    change: ({ config }) => Object.assign(config.nodes[2] ?? {}, { address: "10.78.0.23" }),
  },
  "server-replaced": {
    stack: "production",
    before: none,
    change: ({ config }) => Object.assign(config.nodes[1] ?? {}, { hostKey: worker3.hostKey }),
  },
  "secret-rotated": {
    stack: "production",
    before: none,
    change: ({ secrets }) => (secrets.deploy = makeLoginKey().privateKey),
  },
  "gate-loosened": {
    stack: "production",
    before: none,
    change: ({ config }) =>
      Object.assign(config.diskGate, { limitMs: 20, override: { reason: "old disks until the new ones arrive" } }),
  },
};

async function record(name: string, { stack, before, change }: Scenario): Promise<void> {
  const site = await Site.make(stack);
  try {
    if (before) {
      before(site);
      await site.writeConfig();
      await site.up();
    }
    change(site);
    await site.writeConfig();
    const { exitCode, stdout, stderr } = await site.pulumi(["preview", "--json"]);
    if (exitCode !== 0)
      throw new Error(`${name}: the preview ended with ${exitCode}:\n${stderr}\n${stdout.slice(-2000)}`);
    const text = JSON.stringify(trimmed(JSON.parse(stdout) as Digest), undefined, 1);
    for (const [kind, secret] of Object.entries<string>({ ...site.secrets }))
      if (text.includes(secret.split("\n")[2] ?? secret)) throw new Error(`${name}: the ${kind} key is in the digest`);
    mkdirSync(RECORDED, { recursive: true });
    writeFileSync(join(RECORDED, `${name}.json`), `${text.replaceAll(site.directory, "/site")}\n`);
    process.stdout.write(`${name}: ${text.length} characters\n`);
  } finally {
    site.remove();
  }
}

/** Without what a plan is not made from: outputs, source positions, the bodies of scripts, whole new objects. */
function trimmed({ config, steps, diagnostics }: Digest): Digest {
  return { config, steps: (steps ?? []).map(trimmedStep), diagnostics };
}

function trimmedStep({ op, urn, oldState, newState, replaceReasons, detailedDiff, diffReasons }: Step): Step {
  const keepInputs = oldState !== undefined && newState !== undefined;
  const state = (of: StepState | undefined): StepState | undefined =>
    of && {
      ...{ type: of.type, custom: of.custom, parent: of.parent },
      ...(keepInputs && of.inputs ? { inputs: withoutBodies(of.inputs) } : {}),
    };
  return {
    ...{ op, urn, oldState: state(oldState), newState: state(newState) },
    ...(replaceReasons ? { replaceReasons } : {}),
    ...(detailedDiff ? { detailedDiff } : {}),
    ...(diffReasons ? { diffReasons } : {}),
  };
}

function withoutBodies(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { stdin } = inputs;
  if (typeof stdin !== "string") return { ...inputs };
  const body = stdin.indexOf("\n#!");
  if (body < 0) return { ...inputs };
  const hash = createHash("sha256").update(stdin.slice(body)).digest("hex");
  return { ...inputs, stdin: `${stdin.slice(0, body)}\n#!/usr/bin/env bash\n# ${hash}\n` };
}

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !(name in SCENARIOS));
  if (unknown.length > 0) throw new Error(`${unknown.join(", ")} — not a plan that is recorded; see ${__filename}`);
  for (const [name, scenario] of Object.entries(SCENARIOS))
    if (names.length === 0 || names.includes(name)) await record(name, scenario);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
