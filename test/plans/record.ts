/**
 * `npx tsx test/plans/record.ts [--comments] [NAME ...]`: makes the recorded plans of test/unit/plan/recorded anew, with
 * the real engine and the real program on sites that only exist on paper, and the comments that they become: read them.
 * `--comments` makes only those, from the plans as they are. Nine minutes of CPU time for all.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { addressOf, REMOTE_COMMAND, TOKENS } from "../../components/tokens";
import { protectionChange } from "../../scripts/stack/plan/change";
import { type Digest, SECRET, type Step, type StepState, UNKNOWN } from "../../scripts/stack/plan/digest";
import { fingerprintOf } from "../../scripts/stack/plan/fingerprint";
import { renderMarkdown } from "../../scripts/stack/plan/markdown";
import { planOf } from "../../scripts/stack/plan/plan";
import { headline } from "../../scripts/stack/plan/words";
import { paths, root } from "../../scripts/lib/paths";
import { makeLoginKey } from "../fixtures/keys";
import { Site } from "./site";

const RECORDED = join(root, "test", "unit", "plan", "recorded");

/** Where a recorded comment says that it comes from. */
const SOURCE = { commit: "0123456789abcdef0123", url: "https://git.example.org/platform/infra/-/pipelines/7" };

const PROJECT = "gitops-platform";
const GUEST = `${TOKENS.libvirtMachine}$${REMOTE_COMMAND}`;

/** A server that somebody ordered, in place of the guest of the same name. */
const adopted = {
  ...{ name: "production-cp-2", kind: "adopted", role: "control-plane", address: "198.51.100.12" },
  hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDybJHOmHGtgmohHchy68DrJ98JIdb6Oa1kPB//25d3w",
};
const otherHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

const none = (): void => undefined;

/** Sites that are there before something changes: the stack file as it is given, with a change of their own. */
const SITES: Readonly<Record<string, { stack: "local" | "production"; before: (site: Site) => void }>> = {
  production: { stack: "production", before: none },
  "keys not protected": {
    stack: "production",
    before: ({ config }) => Object.assign(config["cluster"] as object, { protectKeys: false }),
  },
  "adopted server": { stack: "production", before: ({ config }) => config.nodes.splice(1, 1, adopted) },
  "an earlier version": { stack: "production", before: ({ config }) => (config.versions["kubernetes"] = "1.27.4") },
  local: { stack: "local", before: none },
};

interface Scenario {
  readonly site: keyof typeof SITES;
  /** Whether nothing is there yet. @default false */
  readonly empty?: boolean;
  /** The change that is looked at. */
  readonly change: (site: Site) => void;
  /** URN of a resource that somebody asks to have made anew, without its beginning. @default none */
  readonly replace?: string;
  /** Exit code of the preview. @default 0 */
  readonly exitCode?: number;
}

/** Each name is a file. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "first-creation": { site: "production", empty: true, change: none },
  "no-change": { site: "production", change: none },
  "worker-added": {
    site: "production",
    change: ({ config }) =>
      config.nodes.push({
        ...{ name: "production-worker-3", kind: "libvirt", role: "worker", address: "198.51.100.23" },
        ...{ hypervisor: "production-hv-3", vcpus: 4, memoryMiB: 16384, diskGiB: 100 },
      }),
  },
  "memory-changed": {
    site: "production",
    change: ({ config }) => Object.assign(config.nodes[1] ?? {}, { memoryMiB: 12288 }),
  },
  "kubernetes-patch": {
    site: "an earlier version",
    change: ({ config }) => (config.versions["kubernetes"] = "1.27.16"),
  },
  "argocd-upgraded": {
    site: "production",
    change: ({ config }) => (config.versions["argocd"] = "2.13.9"),
  },
  "every-guest-changed": {
    site: "production",
    change: ({ config }) => {
      for (const node of config.nodes.slice(0, 3)) Object.assign(node, { vcpus: 8 });
      for (const node of config.nodes.slice(3)) Object.assign(node, { io: "io_uring" });
    },
  },
  "machine-replaced": { site: "production", change: none, replace: `${GUEST}::production-cp-2-guest` },
  "secret-rotated": {
    site: "production",
    change: ({ secrets }) => (secrets.deploy = makeLoginKey().privateKey),
  },
  "gate-loosened": {
    site: "production",
    change: ({ config }) =>
      Object.assign(config.diskGate, { limitMs: 20, override: { reason: "old disks until the new ones arrive" } }),
  },
  "protection-off": {
    site: "production",
    change: ({ config }) => Object.assign(config["cluster"] as object, { protectKeys: false }),
  },
  "protected-removed": { site: "production", change: ({ config }) => config.nodes.pop(), exitCode: 1 },
  "worker-removed": { site: "keys not protected", change: ({ config }) => config.nodes.pop() },
  "server-replaced": {
    site: "adopted server",
    change: ({ config }) => Object.assign(config.nodes[1] ?? {}, { hostKey: otherHostKey }),
  },
  "container-changed": {
    site: "local",
    change: ({ config }) => Object.assign(config.nodes[1] ?? {}, { memoryMiB: 8192 }),
  },
  // A local machine is bound to its address.
  "container-replaced": {
    site: "local",
    change: ({ config }) => Object.assign(config.nodes[2] ?? {}, { address: "10.78.0.23" }),
  },
};

/** Records those of the named plans that are about one site: it comes up once. */
async function recordSite(name: string, names: readonly string[]): Promise<void> {
  const scenarios = names.flatMap((one) => {
    const scenario = SCENARIOS[one];
    return scenario?.site === name ? [[one, scenario] as const] : [];
  });
  const kind = SITES[name];
  if (!kind || scenarios.length === 0) return;
  const site = await Site.make(kind.stack);
  try {
    kind.before(site);
    await site.writeConfig();
    for (const [one, scenario] of scenarios.filter(([, { empty }]) => empty)) await record(one, scenario, site);
    if (scenarios.every(([, { empty }]) => empty)) return;
    await site.up();
    for (const [one, scenario] of scenarios.filter(([, { empty }]) => !empty)) await record(one, scenario, site);
  } finally {
    site.remove();
  }
}

/** Records one plan, and leaves the site as it was. @throws when the same plan made twice is not the same */
async function record(name: string, scenario: Scenario, site: Site): Promise<void> {
  const before = structuredClone({ config: site.config, secrets: site.secrets });
  scenario.change(site);
  await site.writeConfig();
  const [first, second] = [await preview(name, scenario, site), await preview(name, scenario, site)];
  if (fingerprintOf(site.stack, first) !== fingerprintOf(site.stack, second))
    throw new Error(`${name}: two previews of the same change have different fingerprints`);
  const text = printed(trimmed(first));
  for (const [kind, secret] of Object.entries<string>({ ...site.secrets }))
    if (text.includes(secret.split("\n")[2] ?? secret)) throw new Error(`${name}: the ${kind} key is in the digest`);
  mkdirSync(RECORDED, { recursive: true });
  writeFileSync(join(RECORDED, `${name}.json`), `${text.replaceAll(site.directory, "/site")}\n`);
  Object.assign(site.config, before.config);
  Object.assign(site.secrets, before.secrets);
  writeComment(name);
}

async function preview(name: string, { replace, exitCode = 0 }: Scenario, site: Site): Promise<Digest> {
  const target = replace === undefined ? [] : ["--replace", `urn:pulumi:${site.stack}::${PROJECT}::${replace}`];
  const ran = await site.pulumi(["preview", "--json", "--show-sames", ...target]);
  if (ran.exitCode !== exitCode)
    throw new Error(`${name}: the preview ended with ${ran.exitCode}:\n${ran.stderr}\n${ran.stdout.slice(-2000)}`);
  return JSON.parse(ran.stdout) as Digest;
}

/** Writes what a reviewer would see. */
function writeComment(name: string): void {
  const digest = JSON.parse(readFileSync(join(RECORDED, `${name}.json`), "utf8")) as Digest;
  const plan = planOf(SITES[SCENARIOS[name]?.site ?? ""]?.stack ?? "", digest);
  writeFileSync(join(RECORDED, `${name}.md`), renderMarkdown(plan, SOURCE));
  process.stdout.write(`${name}: ${headline(plan)}\n`);
}

/** Without what a plan is not made from: outputs, source positions, scripts, whole new objects, unchanged resources. */
function trimmed({ config, steps = [], diagnostics }: Digest): Digest {
  const kept = steps.filter((step) => step.op !== "same" || protectionChange(step) || isOurs(step));
  return { config, steps: kept.map(trimmedStep), diagnostics };
}

/** A component of ours, which says what its steps are for. */
function isOurs({ urn }: Step): boolean {
  return addressOf(urn).type.startsWith(`${PROJECT}:`);
}

function trimmedStep({ op, urn, oldState, newState, replaceReasons, detailedDiff, diffReasons }: Step): Step {
  const isComponent = (newState ?? oldState)?.custom === false;
  const keepInputs = isComponent || (oldState !== undefined && newState !== undefined);
  const state = (of: StepState | undefined): StepState | undefined =>
    of && {
      ...{ type: of.type, custom: of.custom, parent: of.parent, protect: of.protect },
      ...(keepInputs && of.inputs ? { inputs: withoutSchema(of.type, withoutScript(of.inputs)) } : {}),
    };
  return {
    ...{ op, urn, oldState: state(oldState), newState: state(newState) },
    ...(replaceReasons ? { replaceReasons } : {}),
    ...(detailedDiff ? { detailedDiff } : {}),
    ...(diffReasons ? { diffReasons } : {}),
  };
}

/** One line for each step: a change of the program is then a readable change of the file. */
function printed({ steps = [], ...rest }: Digest): string {
  const list = steps.map((step) => `\n  ${JSON.stringify(step)}`).join(",");
  return `${JSON.stringify(rest, undefined, 1).slice(0, -2)},\n "steps": [${list}\n ]\n}`;
}

/** What a plan shows of a script is that it changes. */
function withoutScript(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { stdin } = inputs;
  if (typeof stdin !== "string" || stdin === SECRET || stdin === UNKNOWN) return { ...inputs };
  return { ...inputs, stdin: `sha256 ${createHash("sha256").update(stdin).digest("hex")}` };
}

/** A plan shows of a definition's schema, which is a megabyte, that it changes. */
function withoutSchema(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (!type.endsWith(":CustomResourceDefinition")) return inputs;
  const spec = inputs["spec"] as { readonly versions: readonly Record<string, unknown>[] };
  const digest = (value: unknown): string =>
    `sha256 ${createHash("sha256").update(JSON.stringify(value)).digest("hex")}`;
  return {
    ...inputs,
    spec: { ...spec, versions: spec.versions.map((one) => ({ ...one, schema: digest(one["schema"]) })) },
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { comments: { type: "boolean" } } });
  const unknown = positionals.filter((name) => !(name in SCENARIOS));
  if (unknown.length > 0) throw new Error(`${unknown.join(", ")} — not a plan that is recorded; see ${__filename}`);
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
  if (values.comments) {
    names.forEach(writeComment);
    return;
  }
  await ensurePulumi({
    home: paths.pulumiHome,
    cache: paths.cache,
    log: (line) => void process.stdout.write(`${line}\n`),
  });
  for (const site of Object.keys(SITES)) await recordSite(site, names);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
