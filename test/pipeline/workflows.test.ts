/**
 * The pipeline files themselves. Does not prove that they run: the drill merge-request runs `.gitlab-ci.yml`; GitHub's
 * workflows run on GitHub only.
 */
import { execa } from "execa";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../../scripts/lib/paths";

const WORKFLOWS = join(root, ".github", "workflows");
const files = readdirSync(WORKFLOWS).map((name) => join(WORKFLOWS, name));
const github = files.map((file) => readFileSync(file, "utf8")).join("\n");
const gitlab = readFileSync(join(root, ".gitlab-ci.yml"), "utf8");

/** Names of the npm scripts that a pipeline calls. */
function called(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/npm run --silent ([\w-]+)/g)].map(([, name]) => name ?? ""))].sort();
}

it("the GitHub workflows pass actionlint", async () => {
  const args = ["run", "-mod=readonly", "github.com/rhysd/actionlint/cmd/actionlint", "-no-color", ...files];
  // Its findings are on stdout; on stderr Go tells what it downloads on a new computer.
  const { exitCode, stdout, stderr } = await execa("go", args, {
    ...{ cwd: join(root, "test", "pipeline", "actionlint"), reject: false },
    env: { GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" },
  });
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: "" });
});

it("both pipelines call the same npm scripts, and nothing else of the project", () => {
  expect(called(github)).toEqual(called(gitlab));
  expect(called(gitlab)).toEqual(["check", "deploy", "drift", "drill", "mirror", "preview", "recover", "unit"]);
});

it("nothing but updates is in the group of updates: GitHub cancels what waits there for the next that comes", () => {
  const { jobs } = parse(readFileSync(join(WORKFLOWS, "environments.yml"), "utf8")) as {
    jobs: Record<string, { concurrency?: { group: string }; environment?: string; if: string }>;
  };
  const inGroup = Object.entries(jobs).filter(([, { concurrency }]) => concurrency?.group.startsWith("up-"));
  expect(inGroup.map(([name]) => name)).toEqual(["up", "recover"]);
  expect(jobs["drift"]?.concurrency?.group).toBe("drift-${{ matrix.stack }}");
  // Those that nobody approves.
  for (const name of ["plan", "drift"]) expect(jobs[name]?.environment).toBe("${{ matrix.stack }}-plan");
});

it("every action is pinned by a commit", () => {
  const uses = [...github.matchAll(/uses: (.*)/g)].map(([, action]) => action ?? "");
  expect(uses.length).toBeGreaterThan(5);
  for (const action of uses) expect(action).toMatch(/^actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});
