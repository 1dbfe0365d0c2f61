import type { Resource } from "./resource";

/** A finding of a rule about the stack. */
export interface Violation {
  /** The resource it concerns. @default the stack */
  readonly urn?: string;
  /** "What is wrong (got X, need Y); what to do." Never holds a value that could be secret. */
  readonly text: string;
}

/** Settings of rules in a file for `--policy-pack-config`, beside their enforcement. */
export interface Settings {
  /** The stacks that rules for production look at, by name. @default ["production"] */
  readonly stacks: readonly string[];
  /** The fewest control planes that production may have. @default 3 */
  readonly minimum: number;
}

export const DEFAULTS: Settings = { stacks: ["production"], minimum: 3 };

interface RuleBase {
  /** Noun, kebab-case; frozen, since settings name it. */
  readonly name: string;
  /** One sentence: the state of a stack that keeps the rule. */
  readonly description: string;
  /** `disabled`: only where a settings file turns it on. */
  readonly enforcement: "mandatory" | "advisory" | "disabled";
  /** The settings it reads. @default none */
  readonly settings?: readonly (keyof Settings)[];
  /** Completes "To comply: …". */
  readonly comply: string;
}

/** A rule about one resource; it is checked before the resource is made. */
export interface ResourceRule extends RuleBase {
  readonly resource: (resource: Resource, settings: Settings) => readonly string[];
}

/** Input of a rule about all resources. */
export interface Stack {
  readonly name: string;
  readonly resources: readonly Resource[];
  /** Reads a file beside Pulumi.yaml; undefined when there is none. */
  readonly read: (file: string) => string | undefined;
}

/** A rule about all resources together; it is checked at the end. */
export interface StackRule extends RuleBase {
  readonly stack: (stack: Stack, settings: Settings) => readonly Violation[];
}

export type Rule = ResourceRule | StackRule;
