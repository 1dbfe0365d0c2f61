import { isIPv6 } from "node:net";
import { z } from "zod";
import { parseAddress, parseNetwork } from "../components/addresses/ipv4";
import { checkHostKey } from "./keys";
import { nearest, shown } from "./problem";

/** What a field takes, in the words of the message about a wrong value; the reference prints it, too. */
interface Need {
  /** Completes "need …": `an IPv4 address`. */
  readonly need: string;
  /** A right value, as it is written in YAML. */
  readonly example: string;
  /** The value is never shown; a stack file holds it encrypted. @default false */
  readonly secret?: boolean;
}

/** The sentence after the key for a missing or a wrong value. */
function complaint({ need, example, secret }: Need, input: unknown): string {
  if (input === undefined) return `is missing (need ${need}); add it, for example ${example}`;
  return `is wrong (got ${secret ? "a value that is not shown" : shown(input)}, need ${need}); write for example ${example}`;
}

/** A text field: a pattern, which editors check too, or a test. */
export function text(need: Need, test: RegExp | ((value: string) => boolean)): z.ZodString {
  const error = (issue: { input?: unknown }): string => complaint(need, issue.input);
  const base = z.string({ error });
  return (test instanceof RegExp ? base.regex(test, { error }) : base.refine(test, { error })).meta({ ...need });
}

/** A number field with bounds, both included. */
export function number(need: Need, bounds: { min: number; max: number; whole: boolean }): z.ZodNumber {
  const error = (issue: { input?: unknown }): string => complaint(need, issue.input);
  const inside = (value: number): boolean =>
    value >= bounds.min && value <= bounds.max && (!bounds.whole || Number.isInteger(value));
  const form = { type: bounds.whole ? "integer" : "number", minimum: bounds.min, maximum: bounds.max } as const;
  return z
    .number({ error })
    .refine(inside, { error })
    .meta({ ...need, ...form });
}

/** A switch. */
export function flag(example: "true" | "false"): z.ZodBoolean {
  const need = { need: "true or false", example };
  return z.boolean({ error: (issue) => complaint(need, issue.input) }).meta(need);
}

/** With the word that was probably meant as the example. */
function meantBy(input: unknown, need: Need, words: readonly string[]): Need {
  const meant = typeof input === "string" ? nearest(input, words) : undefined;
  return meant === undefined ? need : { ...need, example: meant };
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(values: T): z.ZodEnum<{ [K in T[number]]: K }> {
  const need = { need: values.join(" or "), example: values[0] };
  return z.enum(values, { error: (issue) => complaint(meantBy(issue.input, need, values), issue.input) }).meta(need);
}

/** A list; a wrong entry has a sentence of its own. */
export function list<T extends z.ZodType>(need: Need, entry: T): z.ZodArray<T> {
  return z.array(entry, { error: (issue) => complaint(need, issue.input) }).meta({ ...need });
}

/**
 * A public host key, pinned where it stands: `<type> <base64>`, without its comment.
 *
 * @param use `connection`: Pulumi's command plugin connects with it, and can't use RSA keys
 */
export function hostKey(use: "connection" | "repository"): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  const need = { need: "a public host key", example: "ssh-ed25519 AAAA…" };
  return z
    .string({ error: (issue) => complaint(need, issue.input) })
    .transform((value, context) => {
      const checked = checkHostKey(value, use);
      if ("ok" in checked) return checked.ok;
      context.issues.push({ code: "custom", message: checked.wrong, input: value });
      return z.NEVER;
    })
    .meta(need);
}

/** The message of an unknown key carries the known ones, for `unknownKey` to choose from. */
const KNOWN = "known keys: ";

/** An object that takes no key it does not know. */
export function section<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? KNOWN + known.join(", ")
        : complaint({ need: "an object", example: `{ ${known[0] ?? ""}: … }` }, issue.input),
  });
}

/** The known key that an unknown one of an issue raised by a `section` is nearest to. */
export function meantKey(key: string, message: string): string | undefined {
  return nearest(key, message.slice(KNOWN.length).split(", "));
}

/** One sentence per unknown key of an issue raised by a `section`. */
export function unknownKey(key: string, message: string): string {
  const meant = meantKey(key, message);
  return meant ? `is not a known key; did you mean ${meant}?` : `is not a known key; remove it (${message})`;
}

/** Rejects a `kind` or `source` that no alternative has. */
export function alternatives(field: string, values: readonly string[]): (issue: { input?: unknown }) => string {
  const need = { need: values.join(" or "), example: values[0] ?? "" };
  return (issue) => {
    const input = issue.input;
    if (typeof input !== "object" || input === null)
      return complaint({ need: "an object", example: `{ ${field}: … }` }, input);
    const value = (input as Record<string, unknown>)[field];
    return complaint(meantBy(value, need, values), value);
  };
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const dnsLabel = (example: string): z.ZodString =>
  text({ need: "lower-case letters, digits and inner hyphens, 63 at most", example }, DNS_LABEL);

export const address = (example: string): z.ZodString =>
  text({ need: "an IPv4 address", example }, (value) => parseAddress(value) !== undefined);

/** A network in canonical form: host bits are an error, because they usually mean that an address was meant. */
export const network = (example: string): z.ZodString =>
  text({ need: "an IPv4 network without host bits, prefix /8 to /30", example }, (value) => {
    const parsed = parseNetwork(value);
    return parsed !== undefined && parsed.cidr === value && parsed.prefix >= 8 && parsed.prefix <= 30;
  });

/** Where connections come from: an address or a network without host bits, of either family; /0 is everybody. */
export const source = (example: string): z.ZodString =>
  text({ need: "an IP address, or a network without host bits", example }, (value) => {
    const [address = "", prefix] = value.split("/");
    if (isIPv6(address)) return prefix === undefined || /^([1-9]?\d|1[01]\d|12[0-8])$/.test(prefix);
    return parseAddress(value) !== undefined || parseNetwork(value)?.cidr === value;
  });

/** A base URL. A password in it would end up in logs, a trailing slash would double the one that is added. */
export const url = (schemes: readonly string[], example: string): z.ZodString =>
  text({ need: `an ${schemes.join(" or ")} URL without a password or a slash at its end`, example }, (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (!parsed || parsed.username !== "" || parsed.password !== "") return false;
    return schemes.includes(parsed.protocol.slice(0, -1)) && !value.endsWith("/");
  });

export const loginName = (): z.ZodString => text({ need: "a login name", example: "root" }, /^[a-z_][a-z0-9_-]{0,31}$/);

export const file = (example: string): z.ZodString => text({ need: "a path to a file", example }, /^[^\n\0]+$/);

/** Text that must not be printed; what it has to be is checked where it is read. */
export const secret = (need: string): z.ZodString =>
  text({ need, example: "a secure value set by pulumi config set --secret", secret: true }, (value) => value !== "");

export const version = (example: string): z.ZodString =>
  text({ need: "a version without a leading v", example }, /^\d+\.\d+\.\d+$/);
