import { z } from "zod";
import { stackSchema } from "../../../config/schema";

/** A part of the schema of a stack's configuration, with the words of config/fields.ts. */
export interface SchemaNode {
  readonly description?: string;
  /** What a value has to be: `an IPv4 address`. */
  readonly need?: string;
  /** A right value, as it is written in YAML. */
  readonly example?: string;
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
}

/** The schema as a tree: what a stack file may hold, before defaults are filled in. */
export function schemaTree(): SchemaNode {
  return z.toJSONSchema(stackSchema, { io: "input", target: "draft-7" }) as SchemaNode;
}
