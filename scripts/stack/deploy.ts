/**
 * `npm run deploy -- STACK [--plan FILE]`: `pulumi up` on a stack, as a pipeline runs it, if a preview breaks no rule.
 * With `--plan` only if that preview is the one which `npm run preview -- STACK --markdown FILE` wrote down. One at a
 * time: a second one is refused.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { deploy } from "./access/deploy";
import { applicationReport } from "./access/application-report";
import { redacted } from "../lib/redaction";
import { accessStack } from "./access/stack-access";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { plan: { type: "string" } } });
  const [stack, ...rest] = positionals;
  if (stack === undefined || rest.length > 0) throw new Error("Which stack? npm run deploy -- STACK [--plan FILE]");
  if (stack === "local") throw new Error("stack local — is brought up by npm start");
  const access = await accessStack(stack, { emptyIsFine: false });
  const begin = performance.now();
  const reviewed = values.plan === undefined ? undefined : readFileSync(values.plan, "utf8");
  const result = await deploy(access, reviewed, (line) => process.stdout.write(`${line}\n`));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (result.exitCode !== 0) {
    const errors = result.errors.map((error) => `  - ${error.replaceAll("\n", "\n    ")}`);
    const applications = await applicationReport(access);
    const lines = [`The stack ${stack} is not up (${seconds} s):`, ...errors, ...applications, `Log: ${result.log}`];
    throw new Error(lines.join("\n"));
  }
  process.stdout.write(`The stack ${stack} is up (${seconds} s)${result.changed ? "" : "; nothing to change"}.\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${redacted(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
});
