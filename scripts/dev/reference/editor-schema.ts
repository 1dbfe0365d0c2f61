import { format } from "prettier";
import { parse } from "yaml";
import { PROJECT } from "../../../config/problem";
import { type SchemaNode, schemaTree } from "./schema-tree";

/** The text of docs/reference/stack.schema.json. */
export async function editorSchemaReference(): Promise<string> {
  return format(JSON.stringify(editorSchema()), { parser: "json", printWidth: 120 });
}

/** The JSON schema of a stack file, for editors. */
export function editorSchema(): object {
  const { properties = {}, required = [] } = schemaTree();
  const key = (section: string): string => `${PROJECT}:${section}`;
  const sections = Object.entries(properties).map(([name, node]) => [key(name), forEditors(node)] as const);
  const complete = required.map(key);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `A stack file of ${PROJECT}`,
    type: "object",
    properties: {
      config: {
        description:
          "The keys are explained in docs/reference/configuration.md. Keys of other namespaces are Pulumi's own.",
        type: "object",
        properties: Object.fromEntries(sections),
        required: complete,
        additionalProperties: true,
        propertyNames: { anyOf: [{ enum: Object.keys(properties).map(key) }, { not: { pattern: `^${PROJECT}:` } }] },
      },
    },
    required: ["config"],
  };
}

/** Puts our words for a value where editors look, and lets a secret be encrypted. */
function forEditors(node: SchemaNode): object {
  const { description, example, need, secret, ...rest } = node;
  const { items, oneOf, properties } = rest;
  const schema: object = {
    ...rest,
    ...(properties ? { properties: mapValues(properties, forEditors) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(forEditors) } : {}),
    ...(items ? { items: forEditors(items) } : {}),
  };
  const words = [description, need && `Needs ${need}.`].filter((text) => text !== undefined).join(" ");
  const encrypted = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] };
  return {
    ...(words === "" ? {} : { description: words }),
    ...(secret ? { anyOf: [schema, encrypted] } : schema),
    ...(example === undefined || example.includes("…") ? {} : examplesOf(example, secret)),
  };
}

function examplesOf(example: string, secret = false): object {
  return secret ? {} : { examples: [parse(example) as unknown] };
}

function mapValues<T, R>(object: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
