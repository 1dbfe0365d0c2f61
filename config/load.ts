import * as pulumi from "@pulumi/pulumi";
import { join } from "node:path";
import { fileReader } from "./file-reader";
import { describeNotice } from "./notices";
import { parseStack } from "./parse";
import { placeholders } from "./placeholders";
import { PROJECT, type Problem, nearest, problem } from "./problem";
import { OPTIONAL_SECTIONS, SECTIONS } from "./schema";
import type { StackConfig } from "./stack-config";

/**
 * Reads the configuration of the stack that is being run, secrets as secret outputs.
 *
 * A preview goes on without what a stack file leaves to the operator (secrets, digests): it names each, with the command
 * that sets it, and shows what depends on it as unknown. An update refuses.
 *
 * @throws pulumi.RunError naming every problem at once, before any resource is registered: previews fail too.
 */
export function loadConfig(): StackConfig {
  const stack = pulumi.getStack();
  const all = pulumi.runtime.allConfig() as Readonly<Record<string, string>>;
  const { config, problems, open } = parseStack(ownSections(all), {
    stack,
    read: fileReader(join(__dirname, "..")),
    now: new Date(),
    preview: pulumi.runtime.isDryRun(),
    encrypted: encryptedSections(),
  });
  const everything = [...misspeltNamespaces(all), ...problems];
  if (!config || everything.length > 0) throw withoutStack(report(stack, everything));
  for (const { sentence } of open)
    void pulumi.log.warn(`${sentence}. A preview goes on without it, an update does not`);
  // Once is enough: an update follows a preview.
  const given = pulumi.runtime.isDryRun() ? placeholders(config) : [];
  if (given.length > 0) {
    const text = `still the example's: ${given.join(", ")}. Nobody has these; put yours into Pulumi.${stack}.yaml`;
    void pulumi.log.warn(text);
  }
  for (const notice of pulumi.runtime.isDryRun() ? config.notices : []) {
    if (notice.accepted === undefined) void pulumi.log.warn(describeNotice(notice));
  }
  const { gitops, sealingKeys, ssh } = config;
  const { deployKey, ...repository } = gitops;
  return {
    ...config,
    ssh: { ...ssh, privateKey: secret(ssh.privateKey) },
    gitops: { ...repository, deployKey: deployKey === undefined ? undefined : secret(deployKey) },
    sealingKeys: sealingKeys.map((pair) => ({ ...pair, privateKey: pulumi.secret(pair.privateKey) })),
  };
}

/** A secret output; unknown while the value is missing, which only a preview sees. */
function secret(value: string): pulumi.Output<string> {
  return pulumi.secret(value === "" ? (pulumi.unknown as unknown as string) : value);
}

/**
 * The project's own keys. Objects arrive as JSON, plain values as they are written. Pulumi wants a default for every key
 * that Pulumi.yaml declares: there, an empty object stands for an optional section that is absent.
 */
function ownSections(all: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(all)
    .filter(([key]) => key.startsWith(`${PROJECT}:`))
    .map(([key, value]) => [key.slice(PROJECT.length + 1), fromJSON(value)] as const)
    .filter(([key, value]) => !(OPTIONAL_SECTIONS.includes(key) && JSON.stringify(value) === "{}"));
  return Object.fromEntries(own);
}

/** Pulumi passes the names of encrypted keys in this variable only; inline programs run without it. */
function encryptedSections(): string[] | undefined {
  const text = process.env["PULUMI_CONFIG_SECRET_KEYS"];
  return text === undefined ? undefined : (JSON.parse(text) as string[]).map((key) => key.replace(`${PROJECT}:`, ""));
}

function fromJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Pulumi accepts a key of any namespace silently; one that is nearly ours was meant to be ours. */
function misspeltNamespaces(all: Readonly<Record<string, string>>): Problem[] {
  return Object.keys(all).flatMap((key) => {
    const [namespace = "", section = ""] = key.split(":");
    if (namespace === PROJECT || nearest(namespace, [PROJECT]) === undefined) return [];
    return [problem(key, `is not read by anything; did you mean ${PROJECT}:${nearest(section, SECTIONS) ?? section}?`)];
  });
}

function report(stack: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map(({ sentence }) => `  - ${sentence}`);
  return [`The configuration of stack ${stack} has ${count}; nothing was changed:`, ...lines].join("\n");
}

/** Without a stack Pulumi prints the message alone. */
function withoutStack(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = undefined;
  return error;
}
