import type { Plan } from "../stack/plan/plan";

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

/** Texts that must not be published, the longest first: what the environment's variables hold as secrets. */
export function secretsIn(variables: Variables): readonly string[] {
  const held = SECRET_VARIABLES.flatMap((name) => variables[name] ?? []);
  // A password that a URL can't hold as it is makes the URL one that can't be read, which Pulumi says with all of it.
  const password = /:\/\/[^\s:@/]*:(?<password>.*)@/s.exec(variables["PULUMI_BACKEND_URL"] ?? "")?.groups?.["password"];
  const parts = password === undefined ? [] : [password, unescaped(password), password.split(/[/?#]/)[0] ?? ""];
  return [...new Set([...held, ...parts])]
    .flatMap((secret) => [secret, secret.trim()])
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((left, right) => right.length - left.length);
}

/** A text without given secrets, and without the password of any URL in it. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)
    .replaceAll(LOGIN, `://$1:${REDACTED}@`)
    .replaceAll(PARAMETER, `$1${REDACTED}`);
}

/** As this process was started: a preview takes what it alone needs out of its environment (stack-access.ts). */
const SECRETS = secretsIn(process.env);

/** What Pulumi, a plugin or a forge said, fit for a comment or a pipeline's log. */
export function redacted(text: string): string {
  return withoutSecrets(text, SECRETS);
}

/** The same plan with every text that a reader gets to see made fit for one. */
export function redactedPlan(plan: Plan): Plan {
  return {
    ...plan,
    risks: plan.risks.map(redacted),
    warnings: plan.warnings.map(redacted),
    errors: plan.errors.map(redacted),
    groups: plan.groups.map(({ title, changes }) => ({
      title: redacted(title),
      changes: changes.map((change) => ({
        ...change,
        name: redacted(change.name),
        details: change.details.map(redacted),
      })),
    })),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
