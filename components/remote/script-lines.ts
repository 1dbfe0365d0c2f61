/** A line of a Bash script, its comment left out. */
export interface ScriptLine {
  readonly text: string;
  /** Begins between two tokens, not inside a quoted text, a here-document or a continued line. */
  readonly isCode: boolean;
  /** Is code outside every parenthesis, too. */
  readonly isTopLevel: boolean;
}

/** Tokens between which a comment or a here-document may begin. */
const CODE =
  /\\[^]|\$'(?:\\[^]|[^'\\])*'|`(?:\\[^]|[^`\\])*`|\$?\(\(|\$\(|\$\{|<<<|<<-?[ \t]*(?:(?<quote>['"])(?<quoted>[^'"\n]+)\k<quote>|\\?(?<bare>\w+))|(?<![^\s;&|()])(?<comment>#[^\n]*)|[^\\'"`$()<#\n]+|[^]/y;
/** Tokens inside double quotes, braces and arithmetic. */
const INNER = /\\[^]|`(?:\\[^]|[^`\\])*`|\$\(\(|\$\(|\$\{|[^\\'"`$(){}\n]+|[^]/y;

/** What ends each context that an opening token begins. A group is a parenthesis in arithmetic. */
type Context = "command" | "quotes" | "braces" | "arithmetic" | "group";

/**
 * Splits a script into lines without comments. Knows the Bash that scripts/remote is written in, as shfmt formats it:
 * a test compares the result with shfmt's own syntax tree for each script.
 *
 * @param keepComment Comments that stay. @default none
 * @throws Error when the text ends inside a quoted text, a parenthesis or a here-document
 */
export function scriptLines(text: string, keepComment: (comment: string) => boolean = () => false): ScriptLine[] {
  const lines: ScriptLine[] = [];
  const contexts: Context[] = [];
  let documents: string[] = [];
  let line = "";
  let start = { isCode: true, isTopLevel: true };
  const endLine = (next: { isCode: boolean; isTopLevel: boolean }): void => {
    lines.push({ text: line, ...start });
    line = "";
    start = next;
  };
  const inside = { isCode: false, isTopLevel: false };
  /** Takes a token that is no code, over several lines perhaps. */
  const take = (token: string): void => {
    const [first = "", ...others] = token.split("\n");
    line += first;
    for (const other of others) {
      endLine(inside);
      line = other;
    }
  };

  let at = 0;
  while (at < text.length) {
    const context = contexts.at(-1);
    const isCode = context === undefined || context === "command";
    const pattern = isCode ? CODE : INNER;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    let token = match?.[0] ?? "";
    const { bare, comment, quoted } = match?.groups ?? {};
    if (token === "'" && isQuoting(contexts)) {
      const end = text.indexOf("'", at + 1);
      if (end < 0) throw new Error("a script ends inside a text in single quotes; close it");
      token = text.slice(at, end + 1);
    }
    if (token === ")" && context === "arithmetic") token = "))";
    at += token.length;

    if (comment !== undefined) {
      if (keepComment(comment)) line += comment;
      else line = line.trimEnd();
      continue;
    }
    if (isCode && token === "\n") {
      endLine({ isCode: true, isTopLevel: context === undefined });
      for (const delimiter of documents) {
        const end = new RegExp(`^\\t*${delimiter}$`, "gm");
        end.lastIndex = at;
        const found = end.exec(text);
        if (!found) throw new Error(`a script's here-document has no end (need a line ${delimiter}); add it`);
        start = inside;
        take(text.slice(at, end.lastIndex));
        at = end.lastIndex;
        if (text[at] !== "\n") continue;
        endLine({ isCode: true, isTopLevel: context === undefined });
        at += 1;
      }
      documents = [];
      continue;
    }
    const delimiter = quoted ?? bare;
    if (delimiter !== undefined) documents.push(delimiter);
    take(token);
    follow(token, contexts);
  }
  if (contexts.length > 0) throw new Error(`a script ends inside ${contexts.join(" and ")}; close it`);
  lines.push({ text: line, ...start });
  return lines;
}

/** Whether a single quote quotes: in double quotes, and in braces inside of them, it is a character. */
function isQuoting(contexts: readonly Context[]): boolean {
  const context = contexts.at(-1);
  return context !== "quotes" && !(context === "braces" && contexts.at(-2) === "quotes");
}

const OPENING: Readonly<Record<string, Context>> = {
  "$(": "command",
  "((": "arithmetic",
  "$((": "arithmetic",
  "${": "braces",
};
const CLOSING: Readonly<Partial<Record<Context, string>>> = {
  command: ")",
  quotes: '"',
  braces: "}",
  arithmetic: "))",
  group: ")",
};

/** Enters or leaves a context. A closing parenthesis at the top level ends the pattern of a `case`. */
function follow(token: string, contexts: Context[]): void {
  const context = contexts.at(-1);
  const opened = OPENING[token];
  if (context !== undefined && token === CLOSING[context]) contexts.pop();
  else if (opened) contexts.push(opened);
  else if (token === '"') contexts.push("quotes");
  else if (token === "(" && (context === undefined || context === "command")) contexts.push("command");
  else if (token === "(" && (context === "arithmetic" || context === "group")) contexts.push("group");
}
