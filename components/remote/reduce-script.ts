import { type ScriptLine, scriptLines } from "./script-lines";

/** The first line of a function in shfmt's form, and the name. */
const FUNCTION = /^(?<name>\w+)\(\) \{/;
/** A constant whose value runs nothing: leaving it out changes nothing for what doesn't name it. */
const CONSTANT = /^readonly (?!.*(?:\$\(|`|[;&|<>]))/;
const CONSTANT_NAME = /(\w+)=/g;
const WORD = /[A-Za-z_]\w*/g;

/** A function, a constant, or a line that runs in any case. */
interface Part {
  /** The names that bring it into the script. Unset: it is always in it. */
  readonly names?: readonly string[];
  readonly lines: string[];
}

/**
 * The part of a script that has an effect: no comments, no blank lines, and of functions and constants those that it can
 * reach. So a change of anything else doesn't change what is sent, and no step runs again.
 *
 * A function is reachable when its name is a word of the code that runs, of a constant or of a reachable function, quoted
 * or not: that includes `trap`, `declare -f`, `bash -c` and names that are handed over. A test refuses names that a
 * script puts together.
 *
 * @param keepComment Comments that stay. @default none
 */
export function reduceScript(text: string, keepComment?: (comment: string) => boolean): string {
  const parts = splitParts(scriptLines(text, keepComment).filter((line) => !line.isCode || line.text.trim() !== ""));
  const reached = new Set<Part>();
  const words = new Set<string>();
  const reach = (part: Part): void => {
    reached.add(part);
    for (const line of part.lines) for (const [word] of line.matchAll(WORD)) words.add(word);
  };
  parts.filter(({ names }) => names === undefined).forEach(reach);
  for (let before = -1; before < reached.size;) {
    before = reached.size;
    parts.filter((part) => !reached.has(part) && part.names?.some((name) => words.has(name))).forEach(reach);
  }
  const kept = parts.filter((part) => reached.has(part)).flatMap(({ lines }) => lines);
  return `${kept.join("\n")}\n`;
}

function splitParts(lines: readonly ScriptLine[]): Part[] {
  const parts: Part[] = [];
  let open: Part | undefined;
  lines.forEach(({ isTopLevel, text }, index) => {
    const name = isTopLevel ? FUNCTION.exec(text)?.groups?.["name"] : undefined;
    if (open) {
      if (name !== undefined)
        throw new Error(`function ${name} of a script begins inside another; format it with shfmt`);
      open.lines.push(text);
      if (isTopLevel && text.startsWith("}")) open = undefined;
      return;
    }
    const previous = parts.at(-1);
    if (!isTopLevel && previous) {
      previous.lines.push(text);
      return;
    }
    const next = lines[index + 1];
    const isConstant = isTopLevel && CONSTANT.test(text) && next?.isTopLevel !== false;
    const names = name === undefined ? undefined : [name];
    const part: Part = {
      lines: [text],
      ...(names
        ? { names }
        : isConstant
          ? { names: [...text.matchAll(CONSTANT_NAME)].map(([, left]) => left ?? "") }
          : {}),
    };
    parts.push(part);
    if (name !== undefined && !text.endsWith("}")) open = part;
  });
  if (open) throw new Error(`a function of a script has no end (${open.lines[0] ?? ""}); format it with shfmt`);
  return parts;
}
