import { format } from "prettier";
import { PROJECT } from "../../../config/problem";
import { type SchemaNode, schemaTree } from "./schema-tree";

const INTRODUCTION = `# Configuration

<!-- Generated from config/schema.ts by npx tsx scripts/dev/reference.ts. -->

A stack file, \`Pulumi.<stack>.yaml\`, holds these sections under \`config\`, each as \`${PROJECT}:<section>\`. A preview and
an update check all of them first, and report every problem at once. \`stack.schema.json\` beside this file lets an
editor check a stack file and complete its keys, where the file's first line is
\`# yaml-language-server: $schema=docs/reference/stack.schema.json\`.

A secret goes into the file encrypted, from a file and never from the command line:
\`npx pulumi config set --secret --path ${PROJECT}:ssh.privateKey --stack <stack> < login-key\`.
`;

/** The reference of a stack's configuration: the text of docs/reference/configuration.md. */
export async function configurationReference(): Promise<string> {
  const { properties = {}, required = [] } = schemaTree();
  const sections = Object.entries(properties).sort(([left], [right]) => left.localeCompare(right));
  const parts = sections.map(([name, node]) => section(name, node, required.includes(name)));
  return format([INTRODUCTION, ...parts].join("\n"), { parser: "markdown", printWidth: 120 });
}

function section(name: string, node: SchemaNode, required: boolean): string {
  const lines = [`## ${name}`, "", sentences(node.description, required ? "Required." : "Optional."), ""];
  const entry = node.items ?? node;
  if (node.items) lines.push(sentences("A list of entries.", entry.description), "");
  for (const alternative of entry.oneOf ?? [entry]) {
    const [key, chosen] = discriminator(alternative);
    if (key !== undefined)
      lines.push(`### ${name}, ${key}: ${chosen.const ?? ""}`, "", alternative.description ?? "", "");
    lines.push("| Key | Value | Default | |", "| --- | --- | --- | --- |", ...rows(alternative, ""), "");
  }
  return lines.join("\n");
}

/** The rows of an object's keys, those of the objects in it after it. */
function rows(node: SchemaNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const key = `${prefix}${name}`;
    const own = row(key, field, node.required?.includes(name) ?? false);
    if (field.oneOf) return [own, ...field.oneOf.flatMap((alternative) => rows(alternative, `${key}.`))];
    return [own, ...rows(field, `${key}.`)];
  });
}

function row(key: string, node: SchemaNode, required: boolean): string {
  const value = node.const === undefined ? `${node.need ?? "an object"}${exampleOf(node)}` : `\`${node.const}\``;
  const fallback = node.default === undefined ? "unset" : `\`${JSON.stringify(node.default).replace(/^"|"$/g, "")}\``;
  const secret = node.secret ? "Secret." : undefined;
  const cells = [`\`${key}\``, value, required ? "required" : fallback, sentences(node.description, secret)];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** An example, unless the default, the choices or the nature of the value make one needless. */
function exampleOf({ default: fallback, enum: choices, example, secret }: SchemaNode): string {
  if (example === undefined || secret || choices || String(fallback) === example) return "";
  return example.startsWith("what ") ? `, ${example}` : `, for example \`${example}\``;
}

/** The key by which an alternative is told from the others. */
function discriminator(node: SchemaNode): readonly [string, SchemaNode] | readonly [undefined, undefined] {
  const found = Object.entries(node.properties ?? {}).find(([, field]) => field.const !== undefined);
  return found ?? [undefined, undefined];
}

function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" ");
}
