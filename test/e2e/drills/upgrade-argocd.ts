import assert from "node:assert/strict";
import type { Document } from "yaml";
import { assertHealthy } from "../applications";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlJson, mustStart, start } from "../platform";
import { StackFile } from "../stack-file";

const FROM = "2.7.15";
const TO = "2.13.9";

/** Notices that are about the older version only: a stack file may not accept what is about nothing. */
const OLDER_NOTICES = ["argocd-2.7", "CVE-2024-31989", "CVE-2025-47933", "CVE-2025-55190"];

/** What an upgrade must leave as it is, and the pods of an Application. */
const KEPT = [
  ...["customresourcedefinitions/applications.argoproj.io", "customresourcedefinitions/appprojects.argoproj.io"],
  ...["applications", "appprojects", "secrets", "configmaps", "services"].map((kind) => `${kind} --namespace=argocd`),
  ...["pods --namespace=web", "pods --namespace=store", "secrets --namespace=credentials"],
];

export const upgradeArgoCd: Drill = {
  name: "upgrade-argocd",
  promise: `an edited version upgrades Argo CD ${FROM} to ${TO} in place: Applications, passwords and pods stay, Git drives on`,
  needs: "nothing",
  minutes: 4,
  inTest: false,
  run: async (see) =>
    StackFile.edited(async (file) => {
      see((await mustStart()).output);
      const before = await identities();
      const root = await rootSpec();

      file.edit(choose(TO));
      const ran = await mustStart();
      see(ran.output);
      assert.match(ran.output, new RegExp(`argocd ${TO.replaceAll(".", "\\.")}`), "the summary has another version");
      assert.deepEqual(await images(), [TO]);
      await eventually("every Application is Synced and Healthy", 60, () => assertHealthy());
      const after = await identities();
      assert.ok(before.length > 30, `only ${before.length} objects were there before`);
      assert.deepEqual(
        before.filter((object) => !after.includes(object)),
        [],
      );
      assert.equal(await rootSpec(), root);
      see(`${before.length} objects are the same as before, pods of Applications among them`);

      await kubectl("patch", "service", "web", "-n", "web", "-p", '{"spec":{"selector":{"drill":"away"}}}');
      const healed = await eventually("the edited Service is as in Git again", 60, async () => {
        assert.ok(!(await kubectl("get", "service", "web", "-n", "web", "-o", "yaml")).includes("drill: away"));
      });
      see(`a Service edited by hand was reverted after ${healed.seconds.toFixed(1)} s`);

      const again = await mustStart();
      assert.match(again.output, /pulumi up: nothing to change/);
      file.edit(choose(FROM));
      const back = await start();
      assert.notEqual(back.exitCode, 0, "an older Argo CD was not refused");
      assert.match(back.output, /versions\.argocd 2\.7\.15 can't replace the 2\.13\.9 that runs/);
      return `upgraded in ${ran.seconds.toFixed(0)} s, healed in ${healed.seconds.toFixed(1)} s`;
    }),
};

function choose(version: string): (document: Document.Parsed) => void {
  return (document) => {
    document.setIn(["config", "gitops-platform:versions", "argocd"], version);
    if (version === FROM) return;
    const ids = document.getIn(["config", "gitops-platform:acceptedNotices", 0, "ids"]) as {
      toJSON: () => readonly string[];
    };
    const others = ids.toJSON().filter((id) => !OLDER_NOTICES.includes(id));
    document.setIn(["config", "gitops-platform:acceptedNotices", 0, "ids"], document.createNode(others));
  };
}

interface Listed {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string };
  }[];
}

async function identities(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const kept of KEPT) {
    const listed = await kubectlJson<Listed | Listed["items"][number]>("get", ...kept.split(" "));
    const items = "items" in listed ? listed.items : [listed];
    found.push(...items.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`));
  }
  return found;
}

function rootSpec(): Promise<string> {
  return kubectl("get", "application", "infrastructure-root", "-n", "argocd", "-o", "jsonpath={.spec}");
}

/** The versions of Argo CD that pods run. */
async function images(): Promise<readonly string[]> {
  const names = await kubectl("get", "pods", "-n", "argocd", "-o", "jsonpath={.items[*].spec.containers[*].image}");
  const versions = names.split(" ").flatMap((name) => /argoproj\/argocd:v([\d.]+)@sha256:/.exec(name)?.[1] ?? []);
  assert.ok(versions.length >= 3, `only ${versions.length} pods of Argo CD run`);
  return [...new Set(versions)];
}
