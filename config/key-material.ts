import { parseGitAddress, withPort } from "../components/addresses/git-address";
import { checkIdentity } from "./age-identity";
import type { FileReader } from "./file-reader";
import { checkSealingPair } from "./keys";
import type { Outline } from "./outline";
import { checkPrivateKey } from "./private-key";
import { PROJECT, type Problem, openProblem, problem } from "./problem";

/** The private keys that a configuration leads to. Only complete where there is no problem. */
export interface KeyMaterial {
  /** Opens every machine (secret); empty while it is missing. */
  readonly login: string;
  /** Reads the repository over SSH (secret); unset for https, empty while it is missing. */
  readonly deploy?: string;
  /** Snapshots are encrypted for it; unset where none are taken, or its identity is missing. Not secret. */
  readonly recipient?: string;
}

/** Surroundings of a stack's configuration. */
export interface Surroundings {
  readonly stack: string;
  readonly read: FileReader;
  readonly now: Date;
  /** Nothing will be changed, so open problems are only reported. @default false */
  readonly preview?: boolean;
  /** Sections that hold an encrypted value; undefined where that can't be known. */
  readonly encrypted?: readonly string[] | undefined;
}

/** Reads and checks every private key, wherever it is given. No sentence holds any part of a private key. */
export function readKeys(outline: Outline, around: Surroundings): { keys: KeyMaterial; problems: Problem[] } {
  const problems: Problem[] = [];
  const { gitops, ssh } = outline;
  const server = gitops.repoURL === undefined ? undefined : parseGitAddress(gitops.repoURL);
  const overSSH = server?.protocol === "ssh";
  const readPrivate = (place: KeyPlace): string | undefined => readPrivateKey(place, around, problems);
  const login = readPrivate({
    section: "ssh",
    field: "privateKey",
    text: ssh.privateKey,
    file: ssh.privateKeyFile,
    why: "machines are reached with it",
  });
  const deployPlace = {
    section: "gitops",
    field: "deployKey",
    text: gitops.deployKey,
    file: gitops.deployKeyFile,
    why: "a repository over SSH is read with it",
  };
  const deploy = overSSH ? (readPrivate(deployPlace) ?? "") : undefined;
  if (server?.protocol === "http" && (deployPlace.text ?? deployPlace.file) !== undefined) {
    const text = "is not used with an https repository; remove it, or use the repository's ssh:// address";
    problems.push(problem(deployPlace.text === undefined ? "gitops.deployKeyFile" : "gitops.deployKey", text));
  }
  const meant = withPort(gitops.repoURL ?? "");
  if (meant !== undefined) {
    const text = `has a port where git reads a folder, and Argo CD a port (got ${gitops.repoURL}); write ${meant}`;
    problems.push(problem("gitops.repoURL", text));
  }
  // The program makes the hub, and with it the hub's host key.
  const onHub = outline.hub?.address !== undefined && server?.host === outline.hub.address;
  if (overSSH && !onHub && gitops.hostKeys?.length === 0) {
    const text =
      "is missing (a repository over SSH is only trusted by its host key); add the lines that ssh-keyscan prints for its server, without the host name";
    problems.push(problem("gitops.hostKeys", text));
  }
  const recipient = outline.snapshots && readIdentity(outline.snapshots.identity, around, problems);
  problems.push(...checkSealingKeys(outline, around), ...checkEncrypted(outline, around));
  return { keys: { login: login ?? "", deploy, ...(recipient === undefined ? {} : { recipient }) }, problems };
}

/** A private key may be given as a secret in the configuration or as a file beside it. */
interface KeyPlace {
  readonly section: string;
  readonly field: string;
  readonly text: string | undefined;
  readonly file: string | undefined;
  readonly why: string;
}

function readPrivateKey(place: KeyPlace, { stack, read }: Surroundings, problems: Problem[]): string | undefined {
  const secret = `${place.section}.${place.field}`;
  const command = setSecret(secret, stack);
  if (place.text !== undefined && place.file !== undefined) {
    problems.push(problem(secret, `and ${secret}File are both given; keep one`));
    return undefined;
  }
  if (place.text !== undefined) {
    const checked = checkPrivateKey(place.text);
    if ("ok" in checked) return checked.ok;
    problems.push(
      problem(secret, `${checked.wrong} (need an OpenSSH private key without a passphrase); set it again: ${command}`),
    );
    return undefined;
  }
  if (place.file === undefined) {
    problems.push(openProblem(secret, `is missing (${place.why}); set it: ${command}`));
    return undefined;
  }
  const content = read(place.file);
  const make = `ssh-keygen -t ed25519 -N '' -f ${place.file}`;
  if ("wrong" in content) {
    problems.push(
      problem(
        `${secret}File`,
        `${place.file} can't be read: ${content.wrong}; correct the path, or make the key: ${make}`,
      ),
    );
    return undefined;
  }
  const checked = checkPrivateKey(content.ok);
  if ("ok" in checked) return checked.ok;
  problems.push(
    problem(
      `${secret}File`,
      `${place.file} ${checked.wrong} (need an OpenSSH private key without a passphrase); name another file, or make a key: ${make}`,
    ),
  );
  return undefined;
}

/** @returns the identity's recipient */
function readIdentity(text: string | undefined, { stack }: Surroundings, problems: Problem[]): string | undefined {
  const key = "snapshots.identity";
  if (text === undefined) {
    const make = `npm run snapshots -- ${stack} new-key`;
    problems.push(openProblem(key, `is missing (snapshots are encrypted for it); make it, stored encrypted: ${make}`));
    return undefined;
  }
  const checked = checkIdentity(text);
  if ("ok" in checked) return checked.ok.recipient;
  problems.push(
    problem(key, `${checked.wrong} (need an age identity, AGE-SECRET-KEY-1…); set it again: ${setSecret(key, stack)}`),
  );
  return undefined;
}

function checkSealingKeys({ sealingKeys }: Outline, { stack, now }: Surroundings): Problem[] {
  if (sealingKeys.length === 0) {
    const text =
      "has no key pair (without one a rebuilt cluster could not open the secrets in Git); make one and store it " +
      `encrypted: npm run rotate-sealing-key -- ${stack} add`;
    return [openProblem("sealingKeys", text)];
  }
  return sealingKeys.flatMap(({ certificate, privateKey }, index) => {
    if (certificate === undefined || privateKey === undefined) return [];
    const fault = checkSealingPair(certificate, privateKey, now);
    if (!fault) return [];
    return [
      problem(
        `sealingKeys[${index}].${fault.field}`,
        `${fault.wrong}; store a certificate and the RSA key it was made with`,
      ),
    ];
  });
}

/** A key in plain text in a stack file is in Git as soon as the file is. */
function checkEncrypted(
  { gitops, ssh, sealingKeys, snapshots }: Outline,
  { encrypted, stack }: Surroundings,
): Problem[] {
  const given: readonly [string, boolean][] = [
    ["ssh.privateKey", ssh.privateKey !== undefined],
    ["gitops.deployKey", gitops.deployKey !== undefined],
    ["snapshots.identity", snapshots?.identity !== undefined],
    ...sealingKeys.map(({ privateKey }, index): [string, boolean] => [
      `sealingKeys[${index}].privateKey`,
      privateKey !== undefined,
    ]),
  ];
  return given
    .filter(([key, present]) => present && encrypted?.includes(key.split(/[.[]/)[0] ?? "") === false)
    .map(([key]) => {
      const text = `is in plain text in the stack file; make a new key, and set it encrypted: ${setSecret(key, stack)}`;
      return problem(key, text);
    });
}

/** The command that stores a secret, reading it from a file, so that it is neither in argv nor in the shell's history. */
function setSecret(path: string, stack: string): string {
  const quoted = path.includes("[") ? `'${PROJECT}:${path}'` : `${PROJECT}:${path}`;
  return `npx pulumi config set --secret --path ${quoted} --stack ${stack} < KEYFILE`;
}
