import { homedir } from "node:os";
import { join } from "node:path";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { paths } from "../lib/paths";
import { engineEnvironment } from "../lib/pulumi";

/** What else `engineEnvironment` sets is for programs that this project starts, not for an operator's shell. */
const FOR_SHELLS = [
  "PULUMI_HOME",
  "PULUMI_SKIP_UPDATE_CHECK",
  "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
  "PULUMI_NODEJS_TSCONFIG_PATH",
];

/** Lines for a shell. A `pulumi login` stays where it is: the home is shared by every clone and stack. */
export function exportsFor(environment: NodeJS.ProcessEnv): string {
  const engine = engineEnvironment();
  const current = environment["PULUMI_HOME"] === paths.pulumiHome ? undefined : environment["PULUMI_HOME"];
  const credentials = environment["PULUMI_CREDENTIALS_PATH"] ?? current ?? join(homedir(), ".pulumi");
  const variables = [...FOR_SHELLS.map((name) => [name, engine[name] ?? ""]), ["PULUMI_CREDENTIALS_PATH", credentials]];
  return variables.map(([name, value]) => `export ${name}='${value?.replaceAll("'", String.raw`'\''`)}'\n`).join("");
}

export const command = defineCommand({
  name: "npm run tools",
  summary:
    "Installs Pulumi's CLI, its language host and the plugins: downloaded, or built on a machine without internet, in about " +
    'ten minutes. Prints the variables with which npx pulumi uses them: eval "$(npm run --silent tools)".',
  arguments: [],
  flags: {},
  exits: { 0: "everything is installed", 1: "something could neither be downloaded nor built, with the reasons" },
  run: async () => {
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const { origin, home } = await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log });
    const what = origin === "official" ? "official programs" : "built here, with stand-ins for command and random";
    log(`Pulumi: ${what} (${home})`);
    print(exportsFor(process.env));
  },
});

runAsProgram(module, command);
