type Variables = Readonly<Record<string, string | undefined>>;

const REDACTED = "[redacted]";

/** Variables that hold a secret; those whose names end in `_FILE` hold a path. */
const SECRET_VARIABLES = [
  ...["PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
  ...["GITLAB_COMMENT_TOKEN", "GITHUB_TOKEN"],
];

/** Blanking anything shorter would blank ordinary words. */
const MIN_LENGTH = 4;

/** User and password of a URL, up to the last `@` before its path. */
const LOGIN = /:\/\/([^\s:@/?#"']*):[^\s/?#"']*@/g;
const PARAMETER = /([?&](?:ssl)?password=)[^\s&"']+/g;

/** Private keys in PEM, as a text of its own or in a JSON string; also one that was cut off. */
const PRIVATE_KEY = /(-----BEGIN ([A-Z ]*)PRIVATE KEY-----)[\s\S]*?(-----END \2PRIVATE KEY-----|$)/g;
/** A kubeconfig's private keys. */
const KUBECONFIG_SECRET = /(\b(?:client-)?key-data\\?["']?: *\\?["']?)[A-Za-z0-9+/=]{12,}/g;
const AGE_IDENTITY = /AGE-SECRET-KEY-1[A-Z0-9]+/gi;

/** The secrets that environment variables hold, the longest first. */
export function secretsIn(variables: Variables): readonly string[] {
  const held = SECRET_VARIABLES.flatMap((name) => variables[name] ?? []);
  // Pulumi prints the whole URL when it can't parse it, for example for a password that isn't percent-encoded.
  const password = /:\/\/[^\s:@/]*:(?<password>.*)@/s.exec(variables["PULUMI_BACKEND_URL"] ?? "")?.groups?.["password"];
  const parts = password === undefined ? [] : [password, unescaped(password), password.split(/[/?#]/)[0] ?? ""];
  return [...new Set([...held, ...parts])]
    .flatMap((secret) => [secret, secret.trim()])
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((left, right) => right.length - left.length);
}

/** A text without the given secrets, and without private keys and the password of any URL in it. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)
    .replaceAll(LOGIN, `://$1:${REDACTED}@`)
    .replaceAll(PARAMETER, `$1${REDACTED}`)
    .replaceAll(PRIVATE_KEY, `$1${REDACTED}$3`)
    .replaceAll(KUBECONFIG_SECRET, `$1${REDACTED}`)
    .replaceAll(AGE_IDENTITY, REDACTED);
}

/** Taken at the start: `accessStack` removes the forges' tokens from the environment later. */
const SECRETS = secretsIn(process.env);

/**
 * A text that a terminal, a log or a comment may show.
 *
 * @param variables of the process that printed it, where they differ from this process's own
 */
export function redacted(text: string, variables: Variables = {}): string {
  return withoutSecrets(text, [...SECRETS, ...secretsIn(variables)]);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
