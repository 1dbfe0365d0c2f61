/** What must not get into a comment or a log, though Pulumi or a forge may say it. */
import { describe, expect, it } from "vitest";
import { secretsIn, withoutSecrets } from "@gitops-platform/cli/redaction";
import { redactedPlan } from "../../../scripts/stack/access/preview-run";
import { brokenPlan } from "../../../scripts/stack/plan/plan";

describe("the password of a URL is left out", () => {
  it.each([
    ["postgres://pulumi:hunter22@db.example.org/state", "postgres://pulumi:[redacted]@db.example.org/state"],
    ["open postgres://:hunter22@db: refused", "open postgres://:[redacted]@db: refused"],
    ["https://a:b@c.example.org and ssh://git:x@d", "https://a:[redacted]@c.example.org and ssh://git:[redacted]@d"],
    ["postgres://u:p@ss@db.example.org/x", "postgres://u:[redacted]@db.example.org/x"],
    ["postgres://db/x?user=u&password=hunter22&sslmode=off", "postgres://db/x?user=u&password=[redacted]&sslmode=off"],
  ])("%s", (text, expected) => {
    expect(withoutSecrets(text, [])).toBe(expected);
  });

  it.each(["ssh://git@git.example.org/infra.git", "https://127.0.0.3:9/api", "postgres://pulumi@db:5432/state"])(
    "a URL without one stays: %s",
    (text) => {
      expect(withoutSecrets(text, [])).toBe(text);
    },
  );
});

describe("a private key is left out", () => {
  it.each([
    [
      "exit status 1:\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nafter",
      "exit status 1:\n-----BEGIN OPENSSH PRIVATE KEY-----[redacted]-----END OPENSSH PRIVATE KEY-----\nafter",
    ],
    [
      '{"key":"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n","name":"cp-1"}',
      '{"key":"-----BEGIN PRIVATE KEY-----[redacted]-----END PRIVATE KEY-----\\n","name":"cp-1"}',
    ],
    ["cut off: -----BEGIN EC PRIVATE KEY-----\nMHcC", "cut off: -----BEGIN EC PRIVATE KEY-----[redacted]"],
    ["    client-key-data: LS0tLS1CRUdJTg==\n    name: a", "    client-key-data: [redacted]\n    name: a"],
    ['{"client-key-data":"LS0tLS1CRUdJTg=="}', '{"client-key-data":"[redacted]"}'],
    ["identity AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L.", "identity [redacted]."],
  ])("%s", (text, expected) => {
    expect(withoutSecrets(text, [])).toBe(expected);
  });

  it.each([
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "    client-certificate-data: LS0tLS1CRUdJTg==",
    "the field key-data: is missing",
  ])("what is public stays: %s", (text) => {
    expect(withoutSecrets(text, [])).toBe(text);
  });
});

describe("what the environment holds as a secret is left out", () => {
  it("wherever it stands, whole", () => {
    const secrets = secretsIn({ PGPASSWORD: "hunter22", GITLAB_COMMENT_TOKEN: "hunter22-and-more\n", HOME: "/root" });
    expect(withoutSecrets("hunter22, hunter22-and-more, /root", secrets)).toBe("[redacted], [redacted], /root");
  });

  it("in a URL that can't be read, which Pulumi repeats in pieces", () => {
    const secrets = secretsIn({ PULUMI_BACKEND_URL: "postgres://pulumi:secr/et%21@db/state" });
    const said = 'parse "postgres://pulumi:secr/et%21@db/state": invalid port ":secr" after host; secr/et!';
    expect(withoutSecrets(said, secrets)).toBe(
      'parse "postgres://pulumi:[redacted]@db/state": invalid port ":[redacted]" after host; [redacted]',
    );
  });

  it("not what is so short that words would go", () => {
    expect(secretsIn({ PGPASSWORD: "", AWS_SECRET_ACCESS_KEY: "the" })).toEqual([]);
  });

  it("in every part of a plan", () => {
    const plan = redactedPlan(brokenPlan("test", "dial postgres://u:hunter22@db: refused"));
    expect(plan.errors).toEqual(["dial postgres://u:[redacted]@db: refused"]);
  });
});
