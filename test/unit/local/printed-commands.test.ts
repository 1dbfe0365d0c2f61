/** What npm start prints for an operator's shell. Does not prove that the platform answers: the drills do. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { kubesealScript } from "../../../scripts/local/platform/links";
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
  const git = /Git +(GIT_SSH_COMMAND="(ssh [^"]*)" git clone (\S+))$/m.exec(commands);
  expect(git?.[2]).toMatch(/^ssh -i \/\S+\/operator -o IdentitiesOnly=yes -o UserKnownHostsFile=\/\S+\/known_hosts$/);
  for (const command of [git?.[1], /^ *(export .*)$/m.exec(commands)?.[1], /Seal +(.*)$/m.exec(commands)?.[1]])
    expect(spawnSync("bash", ["-n", "-c", command ?? "fi"], { encoding: "utf8" }).stderr).toBe("");
});
