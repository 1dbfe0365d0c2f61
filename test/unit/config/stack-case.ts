import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Surroundings } from "../../../config/key-material";
import { PROJECT } from "../../../config/problem";
import { artifactList } from "../../fixtures/artifacts";
import { makeLoginKey, makeSealingPair } from "../../fixtures/keys";

const STACKS = join(__dirname, "..", "..", "stacks");

const VERSIONS = {
  kubernetes: "1.27.4",
  argocd: "2.7.15",
  sealedSecrets: "0.36.6",
  flannel: "0.26.7",
  kubeRouter: "2.1.0",
};

type Sections = Record<string, Record<string, unknown>>;

/** A stack file of test/stacks: what stands in it, and what is expected of it. */
export interface StackCase {
  readonly sections: Sections;
  /** The comment lines that begin with a hyphen. */
  readonly sentences: readonly string[];
  /** Its second document: a part of what config makes of the first. */
  readonly parsed: object;
}

/** Names of the stack files in `valid` or `invalid`. */
export function casesIn(folder: "valid" | "invalid"): string[] {
  return readdirSync(join(STACKS, folder)).map((file) => `${folder}/${file}`);
}

/** Reads a stack file; a key in parentheses stands for one that is made here. */
export async function stackCase(file: string): Promise<StackCase> {
  const text = readFileSync(join(STACKS, file), "utf8");
  const keys = await (made ??= makeKeys());
  const [stack, parsed] = parseAllDocuments(text, { merge: true }).map((document) => withKeys(document.toJS(), keys));
  const { config } = stack as { config: Sections };
  return {
    sections: Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value])),
    sentences: [...text.matchAll(/^# - (.*)$/gm)].map(([, sentence = ""]) => sentence),
    parsed: parsed ?? {},
  };
}

/** What all cases are read beside: these files, and no other. */
export async function around(files: Readonly<Record<string, string>> = {}): Promise<Surroundings> {
  const keys = await (made ??= makeKeys());
  const all: Readonly<Record<string, string | undefined>> = {
    "airgap/upstream.json": JSON.stringify(artifactList(VERSIONS)),
    "keys/login": keys["(login key)"],
    "keys/deploy": keys["(deploy key)"],
    "notes.txt": "buy milk",
    ...files,
  };
  return {
    stack: "staging",
    now: new Date(),
    read: (path) => {
      const content = all[path];
      return content === undefined ? { wrong: "there is no such file" } : { ok: content };
    },
  };
}

type Keys = Readonly<Record<string, string>>;

/** Once a process: making RSA keys takes a moment. */
let made: Promise<Keys> | undefined;

async function makeKeys(): Promise<Keys> {
  const [login, deploy] = [makeLoginKey().privateKey, makeLoginKey().privateKey];
  const [sealing, other, expired] = [
    await makeSealingPair(),
    await makeSealingPair(),
    await makeSealingPair(new Date("2024-05-06T00:00:00Z")),
  ];
  return {
    "(login key)": login,
    "(login key without its last newline)": login.trimEnd(),
    "(deploy key)": deploy,
    "(damaged key)": deploy.replace(/\n.{30}/, "\n"),
    "(certificate)": `${sealing.certificate.trimEnd()}\n`,
    "(sealing key)": `${sealing.privateKey.trimEnd()}\n`,
    "(another sealing key)": other.privateKey,
    "(expired certificate)": expired.certificate,
    "(expired sealing key)": expired.privateKey,
  };
}

function withKeys(value: unknown, keys: Keys): unknown {
  if (typeof value === "string") return keys[value] ?? value;
  if (Array.isArray(value)) return value.map((item) => withKeys(item, keys));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withKeys(field, keys)]));
}
