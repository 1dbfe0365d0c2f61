import { CORE_SCHEMA, load } from "js-yaml";
import { parseDocument } from "yaml";
import type { StackRule } from "../rule";

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const URL_PASSWORD = /:\/\/[^/\s:@]*:[^/\s@]+@/;
/** What GitHub, GitLab, Slack and AWS begin their tokens with, and a JSON Web Token. */
const TOKEN =
  /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.eyJ[\w-]{10,})/;
/** Names of what should be encrypted; `privateKeyFile` names a file and holds no key. */
const SECRET_NAME = /(passw(or)?d|passphrase|secret|token|credentials?|(private|deploy|api|access)_?key)$/i;

export const noPlainSecrets: StackRule = {
  name: "no-plain-secrets",
  description: "No stack file holds a secret in clear.",
  enforcement: "mandatory",
  comply:
    "make a new one, because Git keeps the old, and set it with npx pulumi config set --secret --path KEY --stack STACK < FILE",
  stack: ({ name, read }) =>
    ["Pulumi.yaml", `Pulumi.${name}.yaml`, `.local/Pulumi.${name}.yaml`].flatMap((file) => {
      const content = read(file);
      return content === undefined
        ? []
        : plainSecrets(content).map(({ key, what }) => ({ text: `${file}: ${key} ${what}` }));
    }),
};

/** Where a stack file holds what looks like a secret, and why; never the value. */
export function plainSecrets(yaml: string): readonly { readonly key: string; readonly what: string }[] {
  return suspects(contentOf(yaml), "", "");
}

/** As much of a file as can be read: Pulumi doesn't mind how lines inside braces are indented. */
function contentOf(yaml: string): unknown {
  try {
    return load(yaml, { schema: CORE_SCHEMA, json: true });
  } catch {
    return parseDocument(yaml).toJS();
  }
}

function suspects(value: unknown, key: string, name: string): { key: string; what: string }[] {
  if (typeof value === "string") {
    const what = judge(value, name);
    return what === undefined ? [] : [{ key, what }];
  }
  if (Array.isArray(value)) return value.flatMap((entry, index) => suspects(entry, `${key}[${index}]`, name));
  if (typeof value !== "object" || value === null || isEncrypted(value)) return [];
  return Object.entries(value).flatMap(([field, entry]) =>
    suspects(entry, key === "" || key === "config" ? field : `${key}.${field}`, field.split(":").at(-1) ?? ""),
  );
}

/** What `pulumi config set --secret` writes. */
function isEncrypted(value: object): boolean {
  return "secure" in value && Object.keys(value).length === 1;
}

function judge(text: string, name: string): string | undefined {
  if (PRIVATE_KEY.test(text)) return "is a private key in clear";
  if (TOKEN.test(text)) return "is an access token in clear";
  if (URL_PASSWORD.test(text)) return "has a password in a URL";
  return SECRET_NAME.test(name) && text !== "" ? `is called ${name} and is in clear` : undefined;
}
