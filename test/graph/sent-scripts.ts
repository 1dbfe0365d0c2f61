import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { effectiveScript, shellQuote } from "../../components/remote/script";
import { type CapturedResource, type CapturedStack, captureStack, configOf } from "./captured-stack";

const SCRIPTS = join(__dirname, "..", "..", "scripts", "remote");

/** A certificate that stays the same, for what is derived from it. */
const CERTIFICATE = readFileSync(join(__dirname, "gitops", "certificate.pem"), "utf8");

const KUBECONFIG = JSON.stringify({
  clusters: [{ name: "c", cluster: {} }],
  contexts: [{ name: "c", context: {} }],
  users: [{ user: { "client-certificate-data": Buffer.from(CERTIFICATE).toString("base64") } }],
});

/** What steps print, by the end of their names. */
const PRINTED: readonly [RegExp, unknown][] = [
  [/^hub-push-certificate$/, "CERTIFICATE OF ARGO CD"],
  [/-check$/, { domainType: "kvm", storageDirectory: "/srv/guests" }],
  [/-image$/, { file: "/srv/guests/image.qcow2" }],
  [/^adoption-/, { hostname: "host", machineId: "0".repeat(32), mac: "52:54:00:00:00:01" }],
  [/-door$/, ""],
  [/-admission$/, { caCertificate: CERTIFICATE }],
  [/-join$/, { caCertificate: CERTIFICATE, cluster: { kubernetes: "1.27.4" } }],
  [/-(guest|container)$/, { pending: false }],
  [/-activation$/, { cluster: { kubernetes: "1.27.4" }, certificates: { notAfter: "2027-11-29T00:00:00Z" } }],
  [/-kubeconfig$/, KUBECONFIG],
  [/-versions$/, { versions: { kubernetes: "1.27.4" } }],
  [
    /^disk-gate-/,
    {
      ...{ p50Ms: 1, p99Ms: 2, p999Ms: 3, iops: 1000, directory: "/var/lib/etcd", device: "vda", fileSystem: "ext4" },
      ...{ fioVersion: "fio-3.33", time: "2026-11-29T00:00:00Z", load: 0.5, cpus: 2, cpuPressure: 0, stealPercent: 0 },
      ...{ limitMs: 10, peers: [], warnings: [], verdict: "passed" },
    },
  ],
];

/** Runs the program with a stack's file as an update would, to see every script as it is sent. */
export async function captureUpdate(stack: string, file: string): Promise<CapturedStack> {
  return captureStack(stack, configOf(file), (step) => {
    const found = PRINTED.find(([name]) => name.test(step))?.[1];
    return typeof found === "object" ? JSON.stringify(found) : (found as string | undefined);
  });
}

/** Every script that is sent for a node, in the order of its steps: command, exports, and the digest of the rest. */
export function sentScripts(captured: CapturedStack, node: string): string {
  const steps = captured.resources
    .filter(({ type, name }) => type.startsWith("command:") && `-${name}-`.includes(`-${node}-`))
    .sort((left, right) => left.name.localeCompare(right.name));
  return steps.map((step) => describeStep(step, captured)).join("\n");
}

function describeStep({ deletedWith, inputs, name }: CapturedResource, captured: CapturedStack): string {
  const { host, user, port, proxy } = (inputs["connection"] ?? {}) as Record<string, string | number | undefined>;
  const through = proxy === undefined ? "" : " through a bastion";
  const where = host === undefined ? "on this computer" : `on ${user}@${host}:${port ?? 22}${through}`;
  const [create, update, undo] = ["create", "update", "delete"].map((verb) => text(inputs[verb] ?? "nothing"));
  const verbs = [`create: ${create}`, ...(update === create ? [] : [`update: ${update}`]), `delete: ${undo}`];
  const goesWith = deletedWith === "" ? "nothing" : deletedWith.split("::").at(-1);
  const { body, exports } = split(text(inputs["stdin"]));
  return [`## ${name}, ${where}, goes with ${goesWith}`, ...verbs, withoutKeys(exports, captured), body, ""].join("\n");
}

/** The exports of a text for stdin, and the name and digest of the script behind them. */
function split(stdin: string): { exports: string; body: string } {
  const script = scripts.find(({ body }) => stdin.endsWith(`\n${body}`));
  if (!script) return { exports: stdin.trimEnd(), body: "no script of scripts/remote" };
  const exports = shortened(stdin.slice(0, -script.body.length - 1));
  return { exports, body: `script: ${script.name}, sha256 ${digest(script.body)}` };
}

/** A script that a variable brings along, by its name and digest. */
function shortened(exports: string): string {
  return scripts.reduce((text, { body, name }) => {
    return text.replace(shellQuote(body).slice(1, -1), () => `<script ${name}, sha256 ${digest(body)}>`);
  }, exports);
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

const scripts = readdirSync(SCRIPTS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".sh") && !name.startsWith("lib/"))
  .map((name) => ({ name, body: effectiveScript(join(SCRIPTS, name)) }));

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/g;

function withoutKeys(exports: string, { publicHalves, secrets }: CapturedStack): string {
  const withoutPublic = publicHalves.reduce((text, half) => text.replaceAll(half.trimEnd(), "<public half>"), exports);
  return secrets
    .reduce((text, secret) => text.replaceAll(secret.trimEnd(), "<secret of the stack>"), withoutPublic)
    .replaceAll(PRIVATE_KEY, "<private key>");
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
