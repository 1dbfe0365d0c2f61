/** What npm start prints for an operator's shell. Does not prove that the platform answers: the drills do. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { argocdScript, kubesealScript } from "../../../scripts/local/platform/links";
import { renderSummary } from "../../../scripts/local/platform/summary";

const folder = mkdtempSync(join(tmpdir(), "gitops-platform-printed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const program = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
};

it("kubeseal has a namespace in every shell", () => {
  const real = program("real", '#!/bin/sh\necho "$KUBECONFIG" "$@"\n');
  const [kubeconfig, offline] = [join(folder, "kubeconfig"), join(folder, "offline.yaml")];
  const kubeseal = program("kubeseal", kubesealScript(real, kubeconfig, offline));
  const run = (env: NodeJS.ProcessEnv): string =>
    execFileSync(kubeseal, ["--cert", "a b"], { env: { PATH: "/usr/bin:/bin", ...env }, encoding: "utf8" }).trim();
  expect(run({ HOME: folder })).toBe(`${offline} --cert a b`);
  expect(run({})).toBe(`${offline} --cert a b`);
  writeFileSync(kubeconfig, "");
  expect(run({ HOME: folder, KUBECONFIG: "" })).toBe(`${kubeconfig} --cert a b`);
  expect(run({ HOME: folder, KUBECONFIG: "/own" })).toBe("/own --cert a b");
});

it("argocd is logged in to the platform, and to no other server, with nothing secret in an argument", () => {
  const real = program("real-argocd", '#!/bin/sh\necho "$ARGOCD_SERVER|$ARGOCD_AUTH_TOKEN|$ARGOCD_OPTS|$*"\n');
  const bin = mkdtempSync(join(folder, "bin-"));
  program(`${basename(bin)}/curl`, `#!/bin/sh\necho "$@" > '${bin}/asked'\ncat '${bin}/reply'\n`);
  const argocd = program("argocd", argocdScript(real, "10.78.0.11:30443", join(folder, "login.json")));
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(argocd, args, { env: { PATH: `${bin}:/usr/bin:/bin`, ...env }, encoding: "utf8" });
  writeFileSync(join(bin, "reply"), '{"token":"abc.d-e_f"}');
  expect(run(["app", "list"]).stdout.trim()).toBe("10.78.0.11:30443|abc.d-e_f|--insecure|app list");
  expect(readFileSync(join(bin, "asked"), "utf8")).toContain(`--data @${folder}/login.json https://10.78.0.11:30443/`);
  const plain: readonly [readonly string[], NodeJS.ProcessEnv][] = [
    [["app", "list", "--server=other.example.org"], {}],
    [["login", "other.example.org"], {}],
    [["app", "list"], { ARGOCD_SERVER: "other.example.org" }],
    [[], {}],
  ];
  for (const [args, env] of plain) expect(run(args, env).stdout).not.toContain("abc");
  writeFileSync(join(bin, "reply"), '{"error":"no"}');
  expect(run(["app", "list"])).toMatchObject({ status: 1, stdout: "" });
  expect(run(["app", "list"]).stderr).toContain("gives no token; bring the platform up with npm start");
});

it("the commands are whole, and hold for every folder", () => {
  const summary = renderSummary(
    {
      ...{ endpoint: "", kubeconfig: "", nodes: [], diskGate: {}, sealingCertificate: "", versions: {} },
      certificates: { notAfter: "2027-11-29T00:00:00Z" },
      argocd: { url: "https://10.78.0.11:30443", adminPassword: "hunter2" },
      rootApplication: { name: "root", repoURL: "ssh://git@10.78.0.10/srv/git/infra.git", knownHosts: "h k" },
    },
    { nodes: [], applications: [] },
  );
  expect(summary).not.toContain("hunter2");
  expect(summary).toContain("\nCertificates until 2027-11-29, ");
  const commands = (summary.split("Reach it")[1] ?? "").replaceAll(/\\\n */g, "");
  const git = /Git +(git clone -c core\.sshCommand="(ssh [^"]*)" +(ssh:\S+))$/m.exec(commands);
  expect(git?.[2]).toMatch(/^ssh -i \/\S+\/operator -o IdentitiesOnly=yes -o UserKnownHostsFile=\/\S+\/known_hosts$/);
  for (const command of [git?.[1], /^ *(export .*)$/m.exec(commands)?.[1], /Seal +(.*)$/m.exec(commands)?.[1]])
    expect(spawnSync("bash", ["-n", "-c", command ?? "fi"], { encoding: "utf8" }).stderr).toBe("");
});
