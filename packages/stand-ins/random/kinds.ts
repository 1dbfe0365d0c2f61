import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { hash } from "bcryptjs";
import { type PropertyMap, Secret } from "../protocol/property-value";
import { generateString, ruleProblem, type StringRules } from "./generated-string";
import type { InputRules } from "./input-rules";

/** One resource type of the random package. */
export interface RandomKind {
  readonly inputs: InputRules;
  /** Properties that are only known after creation. */
  readonly outputs: readonly string[];
  /** Why normalised inputs can't be met, or nothing. */
  readonly problem?: (inputs: PropertyMap) => string | undefined;
  /** Draws the value from normalised inputs. */
  readonly generate: (inputs: PropertyMap) => Promise<{ id: string; outputs: PropertyMap }>;
}

/** The cost the official plugin hashes passwords with. */
const BCRYPT_COST = 10;

const KEEPERS = { keepers: { type: "keepers" } } as const satisfies InputRules;

const STRING_INPUTS: InputRules = {
  ...KEEPERS,
  length: { type: "integer", required: true },
  lower: { type: "boolean", default: true },
  upper: { type: "boolean", default: true },
  numeric: { type: "boolean", default: true },
  number: { type: "boolean", default: true },
  special: { type: "boolean", default: true },
  overrideSpecial: { type: "string" },
  minLower: { type: "integer", default: 0 },
  minUpper: { type: "integer", default: 0 },
  minNumeric: { type: "integer", default: 0 },
  minSpecial: { type: "integer", default: 0 },
};

/** `number` is the old name of `numeric`; either one turns digits off. */
function stringRules(inputs: PropertyMap): StringRules {
  const rules = inputs as unknown as StringRules & { number: boolean };
  return { ...rules, numeric: rules.numeric && rules.number };
}

const stringProblem = (inputs: PropertyMap): string | undefined => ruleProblem(stringRules(inputs));

function lengthProblem(property: string): (inputs: PropertyMap) => string | undefined {
  return (inputs) =>
    Number(inputs[property]) < 1 ? `${property} must be at least 1, got ${Number(inputs[property])}` : undefined;
}

/** Every covered type, by token. */
export const KINDS: Readonly<Record<string, RandomKind>> = {
  "random:index/randomPassword:RandomPassword": {
    inputs: STRING_INPUTS,
    outputs: ["result", "bcryptHash"],
    problem: stringProblem,
    async generate(inputs) {
      const result = generateString(stringRules(inputs));
      // The same algorithm under the name that the official plugin writes.
      const bcryptHash = (await hash(result, BCRYPT_COST)).replace(/^\$2b\$/, "$2a$");
      return { id: "none", outputs: { result: new Secret(result), bcryptHash: new Secret(bcryptHash) } };
    },
  },
  "random:index/randomString:RandomString": {
    inputs: STRING_INPUTS,
    outputs: ["result"],
    problem: stringProblem,
    async generate(inputs) {
      const result = generateString(stringRules(inputs));
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomBytes:RandomBytes": {
    inputs: { ...KEEPERS, length: { type: "integer", required: true } },
    outputs: ["base64", "hex"],
    problem: lengthProblem("length"),
    async generate(inputs) {
      const bytes = randomBytes(Number(inputs.length));
      // The official plugin's id is the value itself, in plain text in the state file; nothing needs that.
      return {
        id: "none",
        outputs: { base64: new Secret(bytes.toString("base64")), hex: new Secret(bytes.toString("hex")) },
      };
    },
  },
  "random:index/randomId:RandomId": {
    inputs: { ...KEEPERS, byteLength: { type: "integer", required: true }, prefix: { type: "string" } },
    outputs: ["b64Std", "b64Url", "dec", "hex"],
    problem: lengthProblem("byteLength"),
    async generate(inputs) {
      const bytes = randomBytes(Number(inputs.byteLength));
      const hex = bytes.toString("hex");
      const b64Url = bytes.toString("base64url");
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      return {
        id: b64Url,
        outputs: {
          hex: prefix + hex,
          dec: prefix + BigInt(`0x${hex}`).toString(),
          b64Url: prefix + b64Url,
          b64Std: prefix + bytes.toString("base64"),
        },
      };
    },
  },
  "random:index/randomUuid:RandomUuid": {
    inputs: KEEPERS,
    outputs: ["result"],
    async generate() {
      const result = randomUUID();
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomInteger:RandomInteger": {
    inputs: { ...KEEPERS, min: { type: "integer", required: true }, max: { type: "integer", required: true } },
    outputs: ["result"],
    problem: ({ min, max }) =>
      Number(min) > Number(max) ? `min must not be greater than max, got ${Number(min)} and ${Number(max)}` : undefined,
    async generate({ min, max }) {
      const result = randomInt(Number(min), Number(max) + 1);
      return { id: String(result), outputs: { result } };
    },
  },
};
