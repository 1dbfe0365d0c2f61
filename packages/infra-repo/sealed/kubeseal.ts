import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { buildFromCatalogue } from "@gitops-platform/mirror/units/alone";

/** A Secret's values by key. */
export type Values = Readonly<Record<string, Buffer>>;

/** Where a sealed value opens: under one name in one namespace, under any name in it, or anywhere in the cluster. */
export type Scope = "strict" | "namespace-wide" | "cluster-wide";

export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly scope: Scope;
}

/** The real kubeseal: the mirror's, else the one on the PATH, else built from its Go module. */
export async function kubesealProgram(cache: string, log: (line: string) => void): Promise<string> {
  const candidates = [
    join(cache, "mirror", "bin", "kubeseal"),
    ...(process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, "kubeseal")),
  ];
  return (
    candidates.find((file) => existsSync(file)) ??
    join(await buildFromCatalogue("sealed-secrets", cache, log), "kubeseal")
  );
}

/** kubeseal works offline: no kubeconfig, every value on stdin. */
const ENV = { KUBECONFIG: "/dev/null" };

/**
 * Seals a Secret, offline.
 *
 * @param certificate file with the PEM certificate
 * @returns the SealedSecret as YAML
 */
export async function seal(program: string, certificate: string, secret: SecretToSeal): Promise<string> {
  const { namespace, name, scope } = secret;
  const data = Object.fromEntries(Object.entries(secret.values).map(([key, value]) => [key, value.toString("base64")]));
  const input = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: secret.type,
    data,
  });
  const args = ["--format=yaml", `--cert=${certificate}`, `--scope=${scope}`];
  const { exitCode, stdout, stderr } = await execa(program, args, { input, env: ENV, reject: false });
  if (exitCode !== 0) throw new Error(`kubeseal — refused to seal ${namespace}/${name}: ${stderr.trim()}`);
  return `${stdout.replace(/^---\n/, "")}\n`;
}

export interface SecretToSeal extends Identity {
  readonly values: Values;
  /** `kubernetes.io/tls`. @default Opaque */
  readonly type?: string;
}

/**
 * Opens one value of a SealedSecret with some private keys, offline. The value is in this process' memory only.
 *
 * @param keys files with a PEM private key each
 * @returns nothing when no key opens it under this identity
 */
export async function unseal(
  program: string,
  keys: readonly string[],
  sealed: { readonly identity: Identity; readonly key: string; readonly value: string },
): Promise<Buffer | undefined> {
  const { namespace, name, scope } = sealed.identity;
  const annotations = scope === "strict" ? {} : { [`sealedsecrets.bitnami.com/${scope}`]: "true" };
  const metadata = { name, namespace, annotations };
  const input = JSON.stringify({
    ...{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata },
    spec: { encryptedData: { [sealed.key]: sealed.value }, template: { metadata } },
  });
  const args = ["--recovery-unseal", `--recovery-private-key=${keys.join(",")}`];
  const { exitCode, stdout } = await execa(program, args, { input, env: ENV, reject: false });
  if (exitCode !== 0) return undefined;
  const { data } = JSON.parse(stdout) as { data?: Record<string, string> };
  const opened = data?.[sealed.key];
  return opened === undefined ? undefined : Buffer.from(opened, "base64");
}
