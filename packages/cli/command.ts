import { parseArgs } from "node:util";
import { redacted } from "./redaction";
import { table } from "./table";

/** A flag of a command, declared for `parseArgs`, the usage text and docs/reference/commands.md. */
interface Flag {
  readonly type: "string" | "boolean";
  /** Name of the value in the usage text: `FILE`. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly default?: string;
  readonly summary: string;
}

/** An argument that stands without a flag. Only the last one may be optional or stand for many. */
export interface Argument {
  /** `STACK` */
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  readonly many?: boolean;
}

type Flags = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F extends { type: "boolean" }
  ? boolean
  : F extends { multiple: true }
    ? readonly string[] | undefined
    : F extends { default: string }
      ? string
      : string | undefined;

type ArgumentValue<A extends Argument> = A extends { many: true }
  ? readonly string[]
  : A extends { optional: true }
    ? string | undefined
    : string;

type FlagValues<F extends Flags> = { readonly [K in keyof F]: FlagValue<F[K]> };
type ArgumentValues<A extends readonly Argument[]> = { readonly [I in keyof A]: ArgumentValue<A[I]> };

/** What a command is, as data: the parser, the usage text and the reference are made from it. */
export interface CommandDescription {
  /** As it is typed: `npm run preview`. */
  readonly name: string;
  /** One or two sentences. */
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly flags: Flags;
  /** Exit codes and their meanings; that of a wrong command line is the same for all. */
  readonly exits: Readonly<Record<number, string>>;
  /** Hands every argument over as it is: another program parses them. */
  readonly passThrough?: boolean;
}

/** A description with the function that it describes. */
export interface Command extends CommandDescription {
  /** @returns the exit code. @default 0 */
  readonly run: (args: readonly unknown[], flags: Readonly<Record<string, unknown>>) => Promise<number> | Promise<void>;
}

/** The exit code of a command line that can't be understood. */
const WRONG_USAGE = 2;
const WRONG_USAGE_MEANING = "wrong command line; nothing was done";

class UsageError extends Error {}

/** Declares a command; its arguments and flags have the types that their declarations give them. */
export function defineCommand<const A extends readonly Argument[], const F extends Flags>(
  description: Omit<CommandDescription, "arguments" | "flags"> & {
    readonly arguments: A;
    readonly flags: F;
    readonly run: (args: ArgumentValues<A>, flags: FlagValues<F>) => Promise<number> | Promise<void>;
  },
): Command {
  return description as unknown as Command;
}

/** Runs a command when its file is the program that Node.js was started with. */
export function runAsProgram(module: NodeJS.Module, command: Command): void {
  // Idle connections of clients would keep the process for a while.
  if (require.main === module) void runCommand(command, process.argv.slice(2)).then((code) => process.exit(code));
}

/** Runs a command. Errors are printed to stderr, redacted. @returns the exit code */
export async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  try {
    if (argv.includes("--help") && (!command.passThrough || argv.length === 1)) {
      process.stdout.write(helpOf(command));
      return 0;
    }
    const { args, flags } = parse(command, argv);
    return (await command.run(args, flags)) ?? 0;
  } catch (error) {
    process.stderr.write(`${redacted(error instanceof Error ? error.message : String(error))}\n`);
    return error instanceof UsageError ? WRONG_USAGE : 1;
  }
}

/** Prints a text to stdout, redacted. */
export function print(text: string): void {
  process.stdout.write(redacted(text));
}

function parse(
  command: Command,
  argv: readonly string[],
): { args: readonly unknown[]; flags: Record<string, unknown> } {
  if (command.passThrough) return { args: argv, flags: {} };
  const { positionals, flags } = parseFlags(command, argv);
  const declared = command.arguments;
  const missing = declared.find((argument, index) => !argument.optional && positionals[index] === undefined);
  if (missing) throw wrong(command, `${missing.name} is missing`);
  const last = declared.at(-1);
  if (positionals.length > declared.length && !last?.many)
    throw wrong(command, `got ${positionals.length} arguments, need ${declared.length} at most`);
  const fixed = last?.many ? declared.length - 1 : declared.length;
  const args = declared.map((_, index) => (index < fixed ? positionals[index] : positionals.slice(index)));
  return { args, flags };
}

function parseFlags(
  command: Command,
  argv: readonly string[],
): { positionals: string[]; flags: Record<string, unknown> } {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type, multiple, default: value }]) => {
      const initial = type === "boolean" ? { default: false } : value === undefined ? {} : { default: value };
      return [name, { type, ...(multiple ? { multiple } : {}), ...initial }];
    }),
  );
  try {
    const { positionals, values } = parseArgs({ args: [...argv], allowPositionals: true, options });
    return { positionals, flags: values };
  } catch (cause) {
    // Only the name of a flag is repeated: a value may be a secret in the wrong place.
    const [, flag = ""] = /'(-[-\w]+)/.exec(cause instanceof Error ? cause.message : "") ?? [];
    const known = command.flags[flag.replace(/^--/, "")];
    const problem =
      known === undefined
        ? `has no flag ${flag}`
        : known.type === "string"
          ? `${flag} needs a value (${known.value ?? "VALUE"})`
          : `${flag} takes no value`;
    throw wrong(command, problem);
  }
}

function wrong(command: Command, problem: string): UsageError {
  return new UsageError(`${command.name} — ${problem}\nusage: ${usageOf(command)}`);
}

function flagText(name: string, { type, value }: Flag): string {
  return `--${name}${type === "string" ? ` ${value ?? "VALUE"}` : ""}`;
}

/** `npm run preview -- STACK [--markdown FILE] [--comment]` */
export function usageOf(command: CommandDescription): string {
  const words = [
    ...command.arguments.map(({ name, many, optional }) => {
      const text = many ? `${name} …` : name;
      return optional ? `[${text}]` : text;
    }),
    ...Object.entries(command.flags).map(([name, flag]) => `[${flagText(name, flag)}${flag.multiple ? " …" : ""}]`),
  ];
  // npm takes flags before `--` for its own.
  const separator = words.length > 0 && command.name.startsWith("npm ") ? ["--"] : [];
  return [command.name, ...separator, ...words].join(" ");
}

/** Flags of a command and their meanings, for the usage text and the reference. */
export function flagRows({ flags }: CommandDescription): readonly (readonly [string, string])[] {
  return Object.entries(flags).map(([name, flag]) => [
    flagText(name, flag),
    flag.default === undefined ? flag.summary : `${flag.summary} (default: ${flag.default})`,
  ]);
}

function helpOf(command: CommandDescription): string {
  const section = (title: string, rows: readonly (readonly string[])[]): readonly string[] =>
    rows.length > 0 ? ["", title, ...table(rows)] : [];
  const exits = { ...command.exits, ...(command.passThrough ? {} : { [WRONG_USAGE]: WRONG_USAGE_MEANING }) };
  return [
    usageOf(command),
    "",
    command.summary,
    ...section(
      "Arguments",
      command.arguments.map(({ name, summary }) => [name, summary]),
    ),
    ...section("Flags", [...flagRows(command), ["--help", "prints this text"]]),
    ...section("Exit codes", Object.entries(exits)),
    "",
  ].join("\n");
}
