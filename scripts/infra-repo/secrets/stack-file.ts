import { existsSync } from "node:fs";
import { join } from "node:path";
import { sealingCertificates, type SealingCertificate } from "../../../components/gitops/sealing-keys";
import { PROJECT } from "../../../config/problem";
import { paths, root } from "../../lib/paths";
import { readStackYaml } from "../../lib/stack-yaml";

/** The key of the stack file's list of sealing keys. */
export const SEALING_KEYS = `${PROJECT}:sealingKeys`;

/**
 * Where a stack keeps its configuration: `Pulumi.<stack>.yaml`; the local platform in a copy with keys of its own.
 *
 * @throws when there is none, with the stacks that there are
 */
export function stackFile(stack: string): string {
  if (!/^[\w.-]+$/.test(stack)) throw new Error(`${stack} — is no name of a stack; name one like staging`);
  const file = stack === "local" ? paths.stackFile : join(root, `Pulumi.${stack}.yaml`);
  if (existsSync(file)) return file;
  const cure =
    stack === "local" ? "make it with npm start" : "name a stack whose Pulumi.<stack>.yaml is here, or local";
  throw new Error(`stack ${stack} — ${file} doesn't exist; ${cure}`);
}

/**
 * The certificates of a stack's sealing keys, in the order of the configuration. They are public and in plain text: this
 * takes no passphrase and no network.
 */
export function stackCertificates(file: string): readonly SealingCertificate[] {
  const { config } = readStackYaml(file);
  const keys = (config?.[SEALING_KEYS] ?? []) as readonly { readonly certificate?: string }[];
  if (keys.length === 0)
    throw new Error(`${file} — has no sealingKeys; add the first with npm run rotate-sealing-key -- STACK add`);
  const pems = keys.map(({ certificate }, index) => {
    if (typeof certificate === "string" && certificate.includes("BEGIN CERTIFICATE")) return certificate;
    throw new Error(
      `${file} — sealingKeys[${index}].certificate is no PEM certificate; set it as the head of the file says`,
    );
  });
  return sealingCertificates(pems);
}

/** The certificate that new secrets are sealed with: the newest, as in `publishedCertificate`. */
export function newest(certificates: readonly SealingCertificate[]): SealingCertificate {
  return certificates.reduce((found, other) => (other.notBefore > found.notBefore ? other : found));
}

/** The root path that a stack's root Application points at. */
export function stackRootPath(file: string): string {
  return gitopsSettings(file).path ?? "applications";
}

/** The repository that a stack's root Application points at. */
export function stackRepository(file: string): string | undefined {
  return gitopsSettings(file).repoURL;
}

function gitopsSettings(file: string): { readonly path?: string; readonly repoURL?: string } {
  const { config } = readStackYaml(file);
  return (config?.[`${PROJECT}:gitops`] as ReturnType<typeof gitopsSettings> | undefined) ?? {};
}
