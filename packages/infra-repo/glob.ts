/**
 * A pattern as Argo CD's projects and folders match it: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `\` before a literal.
 *
 * @param separator what `*` and `?` stop at; `**` doesn't
 */
export function globMatch(pattern: string, value: string, separator = ""): boolean {
  const any = separator === "" ? "[\\s\\S]" : `[^${escape(separator)}]`;
  let expression = "";
  let braces = 0;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? "";
    const end = character === "[" ? pattern.indexOf("]", index + 2) : -1;
    if (character === "\\") expression += escape(pattern[++index] ?? "");
    else if (character === "*" && pattern[index + 1] === "*") {
      expression += "[\\s\\S]*";
      index++;
    } else if (character === "*") expression += `${any}*`;
    else if (character === "?") expression += any;
    else if (end > 0) {
      const body = pattern.slice(index + 1, end).replaceAll("\\", "\\\\");
      expression += `[${/^[!^]/.test(body) ? `^${body.slice(1)}` : body}]`;
      index = end;
    } else if (character === "{" && pattern.includes("}", index)) {
      expression += "(?:";
      braces++;
    } else if (character === "}" && braces > 0) {
      expression += ")";
      braces--;
    } else if (character === "," && braces > 0) expression += "|";
    else expression += escape(character);
  }
  try {
    return new RegExp(`^${expression}$`).test(value);
  } catch {
    return false; // Argo CD takes a broken pattern for one that matches nothing.
  }
}

/** Go's `path.Match`: like the above, without `**` and braces. */
export function pathMatch(pattern: string, value: string): boolean {
  return globMatch(pattern.replaceAll(/[{}]/g, "\\$&").replaceAll(/\*+/g, "*"), value, "/");
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
