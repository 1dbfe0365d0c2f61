import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { paths, root } from "../../../scripts/lib/paths";
import { readOutputs } from "../../../scripts/local/platform/stack";
import type { Drill } from "../drill";
import { must, pulumi, seenCommandLines } from "../platform";

interface ExportedResource {
  readonly type: string;
  readonly urn: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export const secrets: Drill = {
  name: "secrets",
  promise: "no key, password, token or kubeconfig is in clear in the state, a log, an argument list, or Git",
  needs: "platform",
  minutes: 1,
  inTest: true,
  run: async (see) => {
    const values = await secretValues();
    assert.ok(values.size >= 8, `only ${values.size} secrets were found: the check is blind`);
    see(`looking for ${values.size} secret values: ${[...values.keys()].join(", ")}`);

    // Provokes an error, so that the logs contain its text too.
    const refused = await pulumi("preview", "--config", 'gitops-platform:diskGate={"limitMs":-1}');
    const places = new Map<string, string>([
      ["the output of a refused preview", refused.output],
      ["argument lists", [...seenCommandLines].join("\n")],
      ["the project's Git history", await must("git", ["log", "--all", "--patch", "--no-color"])],
      [
        "the infra repository",
        await must("git", ["--git-dir", join(paths.git, "infra.git"), "log", "--all", "--patch", "--no-color"]),
      ],
      ...filesBelow(paths.state),
      ...filesBelow(paths.logs),
      [paths.stackFile, readFileSync(paths.stackFile, "utf8")],
    ]);
    for (const program of ["kube-apiserver", "pulumi"])
      assert.ok(
        [...seenCommandLines].some((line) => line.includes(program)),
        `${program} was not seen: the check is blind`,
      );
    const found = [...places].flatMap(([place, text]) =>
      [...values].filter(([, value]) => text.includes(value)).map(([name]) => `${name} is in ${place}`),
    );
    assert.deepEqual(found, []);
    return `${values.size} values in none of ${places.size} places`;
  },
};

/** Secret values by name. One inner line represents a key in PEM form. */
async function secretValues(): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const key of ["operator", "deploy"])
    values.set(`${key} key`, innerLine(readFileSync(join(paths.keys, key), "utf8")));
  values.set("passphrase", readFileSync(paths.passphrase, "utf8").trim());
  const outputs = await readOutputs();
  values.set("admin password", outputs.argocd.adminPassword);
  const kubeconfig = parse(outputs.kubeconfig) as { users: readonly { user: { "client-key-data": string } }[] };
  values.set("kubeconfig's client key", kubeconfig.users[0]?.user["client-key-data"] ?? "");
  const configured = (path: string): Promise<string> =>
    must("npm", ["run", "--silent", "pulumi", "--", "config", "get", "--path", `gitops-platform:${path}`]);
  values.set("sealing key", innerLine(await configured("sealingKeys[0].privateKey")));
  values.set("identity of snapshots", (await configured("snapshots.identity")).trim());
  const exported = JSON.parse(
    await must("npm", ["run", "--silent", "pulumi", "--", "stack", "export", "--show-secrets"]),
  ) as {
    deployment: { resources: readonly ExportedResource[] };
  };
  for (const { type, urn, outputs: state } of exported.deployment.resources) {
    // A bootstrap token's id, a RandomString, is public: it names the token's Secret.
    if (!type.startsWith("random:index/randomPassword:")) continue;
    const value = state?.result;
    values.set(urn.slice(urn.lastIndexOf("::") + 2), plaintext(value));
  }
  for (const [name, value] of values) assert.ok(value.length >= 6, `${name} has no value`);
  return values;
}

/** An export wraps a secret in an object whose `plaintext` is the value's JSON. */
function plaintext(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.parse((value as { plaintext: string }).plaintext) as string;
}

function innerLine(pem: string): string {
  return pem.trim().split("\n")[2] ?? "";
}

function filesBelow(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file.replace(`${root}/`, ""), readFileSync(file, "utf8")] as const);
}
