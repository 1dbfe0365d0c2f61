/** The page of `npm run health --html`. Does not prove how it looks: a browser does. */
import { expect, it } from "vitest";
import { lookedAt } from "../../../scripts/stack/health/looked";
import { type PlottedNode, plotOf, renderPage } from "../../../scripts/stack/health/page";
import { at, sample } from "./samples";

const looked = lookedAt(
  {
    name: "cp-1",
    role: "control-plane",
    recorded: true,
    connection: { host: "h", port: 22, user: "root", privateKey: "PRIVATE KEY", hostKey: "ssh-ed25519 AAAA" },
  },
  {
    samples: [sample(0, { 1: 1 }), sample(1, { 1: 1, 16: 9 }), sample(10, { 1: 1, 16: 9, Infinity: 900 })],
    torn: 0,
    timer: "active",
    certificates: new Map(),
    skewMs: [0, 1],
    clockMs: at(10) * 1000,
  },
);

it("a gap is a column without values, and the last bucket has a drawn end", () => {
  expect(plotOf(looked)).toMatchObject({
    at: [at(1), at(1) + 1, at(10)],
    above: [8, null, 32],
    upTo: [16, null, 64],
    steal: [5, null, 5],
    leaderChanges: [0, null, 0],
    written: [0.95, null, 0.95],
  } satisfies Partial<PlottedNode>);
});

it("holds all that it needs, nothing secret, and text that is no markup", () => {
  const report = {
    stack: "a<b>&",
    limits: { fsyncMs: 10, directory: "/e" },
    nodes: [],
    findings: [],
    blind: [],
    notes: ["</script>"],
  };
  const page = renderPage(report, [looked], new Date(at(10) * 1000));
  expect(page).toContain("<title>a&lt;b&gt;&amp;: health</title>");
  expect(page).not.toMatch(/\{\{|PRIVATE|(?:src|href)=|https?:\/\/(?!github\.com\/leeoniya\/uPlot)/);
  const [library = "", data = "", ...programs] = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, text]) => text,
  );
  expect(programs).toHaveLength(1);
  expect(library).toContain("var uPlot=");
  expect(JSON.parse(data)).toMatchObject({ stack: "a<b>&", limitMs: 10, nodes: [{ name: "cp-1", etcd: true }] });
});
