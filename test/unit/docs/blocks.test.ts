/**
 * The command blocks of the documents: every command exists, takes the flags that it is given, and reads as shell; what can
 * run without a stack, a cluster and a network is run. Does not prove that the others work: drills do.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { checkPrivateKey } from "../../../config/private-key";
import type { CommandDescription } from "@gitops-platform/cli/command";
import { root } from "../../../scripts/lib/paths";

const GUIDES = ["docs/guides", "docs/runbooks"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => `${folder}/${file}`),
);
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "gitops/README.md", ...GUIDES];

/** Programs that a block may begin with; Debian or this project has each. */
const PROGRAMS =
  "apt-get argocd cat chmod cp createuser curl date echo etcd eval export find for git gpg grep install journalctl kubectl kubeadm kubeseal mkdir mv " +
  "npm npx openssl printf psql rm scp sed sha512sum ssh ssh-keygen sudo systemctl systemd-run umask until virsh $EDITOR etcdctl crictl";
/** What other blocks show: output, configuration, a picture. */
const SHOWN = new Set(["config", "The", "applications/", "auto", "-", "change", "$"]);

/** Commands of Pulumi that operators are told to run. */
const PULUMI = [
  ...["stack", "preview", "up", "destroy", "refresh", "cancel", "login"],
  ...["init", "ls", "select", "output", "export", "import", "rm", "unselect"].map((verb) => `stack ${verb}`),
  ...["set", "rm", "get", "refresh"].map((verb) => `config ${verb}`),
  ...["delete", "unprotect", "protect"].map((verb) => `state ${verb}`),
];

interface Block {
  readonly file: string;
  readonly text: string;
  /** One a command: continued lines joined, comments and the text of here-documents left out. */
  readonly commands: readonly string[];
}

function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), "utf8");
  const fenced: { readonly language: string; readonly lines: string[] }[] = [];
  let indent: string | undefined;
  for (const line of text.split("\n")) {
    const [, space = "", language = ""] = /^((?: |\d+\. +)*)```(.*)$/.exec(line) ?? [];
    if (!/^(?: |\d+\. +)*```/.test(line)) {
      if (indent !== undefined) fenced.at(-1)?.lines.push(line.startsWith(indent) ? line.slice(indent.length) : line);
    } else if (indent === undefined) {
      indent = space.replaceAll(/\S/g, " ");
      fenced.push({ language, lines: [] });
    } else indent = undefined;
  }
  return fenced
    .filter(({ language }) => ["", "sh", "bash"].includes(language))
    .map(({ lines }) => {
      const body = lines.join("\n");
      const joined = body.replaceAll(/<<'?(\w+)'?\n[\s\S]*?^\1$/gm, "").replaceAll(/\\\n\s*/g, "");
      const commands = joined.split("\n").map((line) => line.replace(/\s+#.*$|^#.*$/, "").trim());
      return { file, text: body, commands: commands.filter((line) => line !== "") };
    });
}

const blocks = DOCUMENTS.flatMap(blocksOf);
const firstWord = (line: string): string => line.replace(/^(\w+=\S*\s?)+/, "").split(/\s+/)[0] ?? "";
const isCommands = ({ commands: [first = ""] }: Block): boolean =>
  ["", ...PROGRAMS.split(" ")].includes(firstWord(first));
const commandBlocks = blocks.filter(isCommands);

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};

/** What is written after `npm run [flags] NAME --`, up to the next command. */
function npmRuns(line: string): { readonly name: string; readonly words: readonly string[] }[] {
  return [...line.matchAll(/\bnpm (?:--prefix \S+ )?run (?:--silent )?([\w-]+)(?: -- ([^|;&>)]*))?/g)].map((found) => ({
    name: found[1] ?? "",
    words: (found[2] ?? "").trim().split(/\s+/).filter(Boolean),
  }));
}

const runs = commandBlocks.flatMap(({ commands, file }) =>
  commands.flatMap((line) => npmRuns(line).map((run) => ({ ...run, file, line }))),
);

function programOf(name: string): string {
  return /bootstrap\.sh (\S+)/.exec(scripts[name] ?? "")?.[1] ?? "";
}

describe("a block", () => {
  it("is found in every kind of document", () => {
    expect(runs.length).toBeGreaterThan(20);
    for (const file of ["README.md", "gitops/README.md", "docs/guides/access.md", "docs/runbooks/README.md"])
      expect(commandBlocks.some((block) => block.file === file)).toBe(true);
    expect(commandBlocks.length).toBeGreaterThan(30);
  });

  it("begins with a known program, or shows something", () => {
    const unknown = blocks
      .filter((block) => !isCommands(block))
      .map(({ file, commands: [first = ""] }) => [file, first]);
    const shown = unknown.filter(([, first = ""]) => {
      return !SHOWN.has(first.split(/\s+/)[0] ?? "") && !first.startsWith("gitops-platform:");
    });
    expect(shown).toEqual([]);
  });

  it.each(commandBlocks.map((block) => [block.file, block.text] as const))("of %s reads as shell:\n%s", (_, text) => {
    // A placeholder in angle brackets would be a redirection.
    const { stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
    expect(stderr).toBe("");
  });
});

describe("a command", () => {
  it.each(runs.map((run) => [run.file, run.line, run] as const))(
    "of %s exists, with its flags: %s",
    async (...[, , run]) => {
      const program = programOf(run.name);
      expect(program).not.toBe("");
      // The mirror's command is a package's, and vitest is not ours.
      if (!/^(scripts|test)\//.test(program)) return;
      const { command } = (await import(/* @vite-ignore */ join(root, program))) as { command: CommandDescription };
      const flags = run.words.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")[0] ?? "");
      expect(command.passThrough === true ? [] : flags.filter((flag) => !(flag in command.flags))).toEqual([]);
    },
  );

  it("of npx exists, and Pulumi has it", () => {
    const lines = commandBlocks.flatMap(({ commands, file }) => commands.map((line) => [file, line] as const));
    const pulumi = lines.flatMap(([file, line]) =>
      [...line.matchAll(/\bnpx pulumi ((?:stack|config|state) \w+|\w+)/g)].map(
        ([, verb = ""]) => [file, verb] as const,
      ),
    );
    expect(pulumi.length).toBeGreaterThan(20);
    expect(pulumi.filter(([, verb]) => !PULUMI.includes(verb))).toEqual([]);
    const others = lines.flatMap(([, line]) => [...line.matchAll(/\bnpx (\w+)/g)].map(([, name = ""]) => name));
    expect(others.filter((name) => !existsSync(join(root, "node_modules", ".bin", name)))).toEqual([]);
  });

  const inReadme = [...new Set(runs.filter(({ file }) => file === "README.md").map(({ name }) => name))];
  it("of README prints its usage", async () => {
    expect(inReadme.length).toBeGreaterThan(1);
    const usages = await Promise.all(
      inReadme.map(async (name) => {
        const command = ["--require", "tsx/cjs", programOf(name), "--help"];
        const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
        return stdout.split("\n")[0]?.startsWith(`npm run ${name}`);
      }),
    );
    expect(usages).toEqual(inReadme.map(() => true));
  }, 60_000);

  it("has its needs listed", () => {
    const needs = readFileSync(join(root, "docs/guides/needs.md"), "utf8");
    const rows = [...needs.matchAll(/^\| `([\w-]+)` /gm)].map(([, name]) => name);
    expect(rows).toEqual(Object.keys(scripts));
  });
});

describe("what is run", () => {
  const home = mkdtempSync(join(tmpdir(), "gitops-platform-blocks-"));
  afterAll(() => rmSync(home, { recursive: true }));

  it("README's keys are keys that the configuration takes", () => {
    const lines = commandBlocks
      .filter(({ file }) => file === "README.md")
      .flatMap(({ commands }) => commands.filter((line) => line.startsWith("ssh-keygen")));
    expect(lines).toHaveLength(2);
    mkdirSync(join(home, ".ssh"));
    for (const line of lines)
      execFileSync("bash", ["-c", line], { env: { ...process.env, HOME: home }, stdio: "ignore" });
    for (const name of ["staging-login", "staging-deploy"])
      expect(checkPrivateKey(readFileSync(join(home, ".ssh", name), "utf8"))).toHaveProperty("ok");
  });

  it.each([
    ["docs/guides/first-application.md", "cp -r apps/web", /^(npm|git push|kubectl)/, "hello", "base"],
    ["docs/guides/second-environment.md", "cp -r applications/staging", /^$/, "testing", "testing"],
  ])("the example of %s makes what it says", (file, first, left, name, folder) => {
    const block = commandBlocks.find((each) => each.file === file && each.text.startsWith(first));
    const lines = block?.commands.filter((line) => !left.test(line)) ?? [];
    expect(lines.length).toBeGreaterThan(3);
    const repository = join(home, name);
    cpSync(join(root, "gitops"), repository, { recursive: true });
    const identity = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.org", GIT_COMMITTER_NAME: "a" };
    const env = { ...process.env, ...identity, GIT_COMMITTER_EMAIL: "a@example.org" };
    execFileSync("bash", ["-euc", ["git init -q", ...lines].join("\n")], { cwd: repository, env, stdio: "ignore" });
    const made = readdirSync(join(repository, "applications", folder)).map((entry) =>
      readFileSync(join(repository, "applications", folder, entry), "utf8"),
    );
    expect(made.filter((text) => text.includes(name)).length).toBeGreaterThan(1);
    const apps = name === "hello" ? "apps/hello/overlays" : "apps/web/overlays";
    expect(readdirSync(join(repository, apps))).toContain(name === "hello" ? "staging" : name);
  });
});
