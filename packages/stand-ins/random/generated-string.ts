import { randomInt } from "node:crypto";

/** Which characters a random string is made of. The defaults are the official plugin's. */
export interface StringRules {
  readonly length: number;
  /** @default true */
  readonly lower: boolean;
  /** @default true */
  readonly upper: boolean;
  /** Digits. @default true */
  readonly numeric: boolean;
  /** Punctuation. @default true */
  readonly special: boolean;
  /** Takes the place of the default punctuation. */
  readonly overrideSpecial?: string;
  /** @default 0 */
  readonly minLower: number;
  /** @default 0 */
  readonly minUpper: number;
  /** @default 0 */
  readonly minNumeric: number;
  /** @default 0 */
  readonly minSpecial: number;
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** Why the rules can't be met, or nothing. */
export function ruleProblem(rules: StringRules): string | undefined {
  const minimum = rules.minLower + rules.minUpper + rules.minNumeric + rules.minSpecial;
  if (rules.length < 1) return `length must be at least 1, got ${rules.length}`;
  if (rules.length < minimum) {
    return `length must be at least minLower + minUpper + minNumeric + minSpecial (${minimum}), got ${rules.length}`;
  }
  if (!rules.lower && !rules.upper && !rules.numeric && !rules.special) {
    return "at least one of lower, upper, numeric and special must be true";
  }
  return undefined;
}

/** A string from a cryptographic source: the minimum of each class, the rest from all, in random order. */
export function generateString(rules: StringRules): string {
  const special = rules.overrideSpecial || SPECIAL;
  const alphabet = [
    rules.upper ? UPPER : "",
    rules.lower ? LOWER : "",
    rules.numeric ? DIGITS : "",
    rules.special ? special : "",
  ].join("");
  const chosen = [
    ...pick(UPPER, rules.minUpper),
    ...pick(LOWER, rules.minLower),
    ...pick(DIGITS, rules.minNumeric),
    ...pick(special, rules.minSpecial),
  ];
  chosen.push(...pick(alphabet, rules.length - chosen.length));
  return shuffle(chosen).join("");
}

function pick(alphabet: string, count: number): string[] {
  const characters = Array.from(alphabet);
  return Array.from({ length: count }, () => characters[randomInt(characters.length)] ?? "");
}

/** Fisher-Yates, in place. */
function shuffle(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] ?? "", items[last] ?? ""];
  }
  return items;
}
