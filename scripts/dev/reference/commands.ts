import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { USAGE as MIRROR } from "@gitops-platform/mirror/mirror";
import { type CommandDescription, flagRows, usageOf } from "@gitops-platform/cli/command";
import { root } from "../../lib/paths";

const HEAD = `# Commands

<!-- Made by npx tsx scripts/dev/reference.ts from what each command declares about itself. -->

Every command prints its usage with \`--help\`, and ends with exit code 2 and nothing done for a wrong command line. Errors go
to stderr, without any secret that the environment holds.
`;

/**
 * The text of docs/reference/commands.md: every npm script of this project as it declares itself, in the order of
 * package.json.
 *
 * @throws when a script's program declares no command
 */
export function commandsReference(): string {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Readonly<Record<string, string>>;
  };
  const programs = Object.values(scripts).flatMap((script) => /bootstrap\.sh (\S+\.ts)$/.exec(script)?.[1] ?? []);
  return [HEAD, ...programs.map(section)].join("\n");
}

function section(program: string): string {
  // A package knows nothing of this project's command declarations; it has a usage text of its own.
  if (program === "packages/mirror/mirror.ts") return `## npm run mirror\n\n\`\`\`\n${MIRROR.trim()}\n\`\`\`\n`;
  const { command } = createRequire(__filename)(join(root, program)) as { readonly command?: CommandDescription };
  if (!command) throw new Error(`${program} — declares no command; export one that defineCommand makes`);
  const words = [...command.arguments.map(({ name, summary }) => [name, summary] as const), ...flagRows(command)];
  return [
    `## ${command.name}`,
    "",
    "```",
    usageOf(command),
    "```",
    "",
    command.summary,
    "",
    ...words.map(([name, meaning]) => `- \`${name}\`: ${meaning}`),
    ...(words.length > 0 ? [""] : []),
    "Exit codes:",
    "",
    ...Object.entries(command.exits).map(([code, meaning]) => `- ${code}: ${meaning}`),
    "",
  ].join("\n");
}
