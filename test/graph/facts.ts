import { describe, expect, it } from "vitest";
import { TOKENS } from "../../components/tokens";
import type { Fields } from "../../policy/resource";
import { DEFAULTS } from "../../policy/rule";
import { pinnedDownloads } from "../../policy/rules/downloads";
import { modelOf } from "../../scripts/lib/stack-model";
import type { CapturedResource, CapturedStack } from "./captured-stack";

/** Pins by list (`files`, `images`, `prefetch`), by role. */
type Downloads = Record<string, Record<string, Record<string, string>[]>>;

/**
 * What components say of themselves, swept over the real program: it is complete, it is right, and it is what is done.
 * Tools and rules read nothing else.
 */
export function sweepFacts(
  stack: string,
  captured: () => CapturedStack,
  expected: { readonly controlPlanes: readonly string[]; readonly workers: readonly string[] },
): void {
  const commands = (): CapturedResource[] => captured().resources.filter(({ type }) => type.startsWith("command:"));
  const cluster = (): Fields =>
    captured().resources.find(({ type }) => type === TOKENS.kubernetesCluster)?.inputs ?? {};

  describe(`the facts of ${stack}`, () => {
    it("are about every step, and about nothing else", () => {
      const described = captured().resources.flatMap(({ inputs, urn }) =>
        Object.keys(inputs["steps"] ?? {}).map((name) => `${urn}: ${name}`),
      );
      const there = commands().map(({ name, parent }) => `${parent}: ${name}`);
      expect(described.sort(), "a new step needs an entry in the steps of its component").toEqual(there.sort());
    });

    it("name every node's role, and place every step at its node", () => {
      const model = modelOf(captured().resources);
      expect(model.silent).toEqual([]);
      const addresses = (role: string): unknown[] =>
        model.nodes.filter((node) => node.role === role).map(({ settings }) => settings["address"]);
      expect(addresses("control-plane")).toEqual(expected.controlPlanes);
      expect(addresses("worker")).toEqual(expected.workers);
      // What runs on a node's machine is for that node, unless a control plane does it for another one.
      const hosts = new Map(model.nodes.map(({ name, settings }) => [settings["address"], name]));
      const stray = commands().filter(({ inputs, urn }) => {
        const { host } = (inputs["connection"] ?? {}) as { host?: string };
        const there = hosts.get(host);
        const controlPlane = model.nodes.some(({ name, role }) => name === there && role === "control-plane");
        return there !== undefined && !controlPlane && model.nodeOf(urn) !== there;
      });
      expect(stray.map(({ name }) => name)).toEqual([]);
      const kinds = (node: string): string[] =>
        commands()
          .filter(({ urn }) => model.nodeOf(urn) === node)
          .flatMap(({ urn }) => model.stepOf(urn)?.step ?? [])
          .filter((step) => ["prepare", "join", "membership"].includes(step))
          .sort();
      for (const { name } of model.nodes) expect(kinds(name)).toEqual(["join", "membership", "prepare"]);
    });

    it.each(["files", "images", "prefetch"])("break pinned-downloads when the list of %s has another name", (list) => {
      const judge = (downloads: unknown): readonly string[] => {
        const values = { ...cluster(), downloads } as Fields;
        const resource = { ...NOTHING, type: TOKENS.kubernetesCluster, values };
        return pinnedDownloads.resource(resource, DEFAULTS);
      };
      const { downloads } = cluster() as { downloads: Downloads };
      expect(judge(downloads)).toEqual([]);
      const roles = [...new Set(modelOf(captured().resources).nodes.map(({ role }) => role))];
      const renamed = Object.fromEntries(
        Object.entries(downloads).map(([role, lists]) => [role, { ...lists, [list]: undefined, renamed: lists[list] }]),
      );
      expect(judge(renamed)).toEqual(
        roles.map((role) => `doesn't tell downloads.${role}.${list}: nothing says what a ${role} downloads`),
      );
    });

    it("of downloads are what machines are sent", () => {
      const model = modelOf(captured().resources);
      const { downloads } = cluster() as { downloads: Downloads };
      for (const { name, role } of model.nodes) {
        const prepare = commands().find(
          ({ urn }) => model.nodeOf(urn) === name && model.stepOf(urn)?.step === "prepare",
        );
        const [exports = ""] = String(prepare?.inputs["stdin"]).split("\n#!");
        const sent = [...exports.matchAll(/\b[0-9a-f]{64}\b/g)].map(([hex]) => hex);
        const pins = ["files", "images", "prefetch"].flatMap((list) => downloads[role]?.[list] ?? []);
        expect(pins.length).toBeGreaterThan(10);
        expect(new Set(sent)).toEqual(new Set(pins.map(({ digest, sha256 }) => (digest ?? sha256 ?? "").slice(-64))));
      }
    });
  });
}

/** What the rule doesn't look at. */
const NOTHING = {
  ...{ urn: "", name: "", parent: "", protect: false, deleteBeforeReplace: false },
  additionalSecretOutputs: [],
};
