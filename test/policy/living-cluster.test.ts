/**
 * What a living cluster can't follow is refused before anything is registered, by the real engine from a real state: on a site
 * that only exists on paper. That no connection is opened shows in what the engine was asked for: the stack, and nothing else.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { pulumi } from "../../scripts/lib/pulumi";
import { Site } from "../plans/site";

let site: Site;

beforeAll(async () => {
  site = await Site.make("production");
  await site.up();
}, 240_000);
afterAll(() => site.remove());

interface Changed {
  cluster?: object;
  kubernetes?: string;
}

/** What Pulumi says to a changed stack file, which is then put back. */
async function refusal(command: readonly string[], { cluster, kubernetes }: Changed): Promise<string> {
  const before = structuredClone(site.config);
  Object.assign(site.config["cluster"] as object, cluster);
  if (kubernetes !== undefined) site.config.versions["kubernetes"] = kubernetes;
  await site.writeConfig();
  const { exitCode, stdout } = await site.pulumi(command);
  Object.assign(site.config, before);
  expect(exitCode).not.toBe(0);
  // Only the stack itself was there to be compared: no resource was registered.
  expect(stdout).toMatch(/Resources:\n +1 unchanged\n +1 errored\n/);
  expect(stdout.match(/error: The living cluster of stack production can't become/g)?.length).toBeGreaterThan(0);
  return stdout;
}

const preview = ["preview"];

it("previews what it is without a word", async () => {
  await site.writeConfig();
  const { exitCode, stdout } = await site.pulumi(["preview", "--expect-no-changes"]);
  expect(stdout).not.toMatch(/living cluster/);
  expect(exitCode).toBe(0);
});

it("previews the same for another order of the nodes", async () => {
  site.config.nodes.reverse();
  await site.writeConfig();
  const { exitCode, stdout } = await site.pulumi(["preview", "--expect-no-changes"]);
  site.config.nodes.reverse();
  expect(stdout).not.toMatch(/error/);
  expect(exitCode).toBe(0);
});

it.each<[string, Changed, RegExp]>([
  ["podSubnet", { cluster: { podSubnet: "10.200.0.0/16" } }, /cluster\.podSubnet can't be changed on a living cluster/],
  ["serviceSubnet", { cluster: { serviceSubnet: "10.112.0.0/12" } }, /cluster\.serviceSubnet can't be changed/],
  ["name", { cluster: { name: "other" } }, /cluster\.name can't be changed on a living cluster/],
  ["an older version", { kubernetes: "1.27.4" }, /versions\.kubernetes 1\.27\.4 can't replace the 1\.27\.16 that runs/],
])("refuses %s in the preview", async (_what, changed, sentence) => {
  expect(await refusal(preview, changed)).toMatch(sentence);
});

it("refuses everything at once in an update without a preview, and nothing is changed", async () => {
  const said = await refusal(["up", "--yes", "--skip-preview"], {
    cluster: { podSubnet: "10.200.0.0/16" },
    kubernetes: "1.27.4",
  });
  expect(said).toMatch(/cluster\.podSubnet can't/);
  expect(said).toMatch(/versions\.kubernetes 1\.27\.4 can't/);
  await site.writeConfig();
  const { exitCode } = await site.pulumi(["preview", "--expect-no-changes"]);
  expect(exitCode).toBe(0);
});

it("certificates with little time left are renewed by exactly the steps for it, once", async () => {
  await site.writeConfig();
  const exported = JSON.parse(await pulumi(site.access(), ["stack", "export"])) as {
    deployment: { resources: { urn: string; outputs: { certificates: { notAfter: string } } }[] };
  };
  const stack = exported.deployment.resources.find(({ urn }) => urn.includes("::pulumi:pulumi:Stack::"));
  Object.assign(stack?.outputs.certificates ?? {}, { notAfter: new Date(Date.now() + 5 * 86_400_000).toISOString() });
  await pulumi(site.access(), ["stack", "import"], { input: JSON.stringify(exported) });

  const previewed = (await site.pulumi(preview)).stdout;
  const changed = [...previewed.matchAll(/^ ([~+-]\S*) +(\S+) +(\S+)/gm)].map(([, op, type, name]) => [op, type, name]);
  const nodes = ["production-cp-1", "production-cp-2", "production-cp-3"];
  const steps = nodes.flatMap((node) => [`production-${node}-activation`, `production-${node}-prepare`]);
  // The cluster's component says the reason; the provider gets the kubeconfig.
  const others = ["kubernetes", "production", "production-kubeconfig"];
  expect(changed.map(([, , name]) => name).sort()).toEqual([...others, ...steps].sort());
  expect(changed.filter(([op, type]) => op !== "~" || /^kubernetes:/.test(type ?? ""))).toEqual([]);
  expect((await site.pulumi(["up", "--yes", "--skip-preview"])).stdout).toMatch(/ 8 updated\n/);
  expect((await site.pulumi(["preview", "--expect-no-changes"])).exitCode).toBe(0);
});
