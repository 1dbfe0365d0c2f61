const CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  lower: "a-z",
  upper: "A-Z",
  space: "\\s",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
  punct: "!-\\/:-@\\[-`{-~",
};

/** A pattern of Go's RE2, as CustomResourceDefinitions have them; undefined for what JavaScript has no words for. */
export function goRegExp(pattern: string): RegExp | undefined {
  const [, inline = "", rest = pattern] = /^\(\?([ims]+)\)([\s\S]*)$/.exec(pattern) ?? [];
  const translated = rest
    .replaceAll(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole)
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\\([pP])([A-Z])/g, "\\$1{$2}")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$(?![\\s\\S])");
  // JavaScript's strict form refuses `\-` and the like; its loose one takes letters that it doesn't know for themselves.
  const loose = /\\[^\WbBdDsSwWnrtfvxu0-9_]/.test(translated) ? [] : [inline];
  for (const flags of [`${inline}u`, ...loose]) {
    try {
      return new RegExp(translated, flags);
    } catch {
      continue;
    }
  }
  return undefined;
}
