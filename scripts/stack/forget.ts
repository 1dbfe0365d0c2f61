/**
 * `npm run forget -- STACK NAME… [--yes]`: takes nodes and hypervisors that are lost out of a stack's state, so that the
 * next update neither asks them nor keeps what is left from working. A hypervisor stands for itself and its guests. Only
 * the state is touched; without `--yes` it is only shown what would go (docs/runbooks/dead-hypervisor.md).
 *
 * Exit code: 0 taken out, 7 shown, 1 refused.
 */
import { parseArgs } from "node:util";
import { forget, intendToForget } from "./access/forget";
import { accessStack } from "./access/stack-access";
import { renderRemoval } from "./forget/report";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { yes: { type: "boolean", default: false } },
  });
  const [stack, ...names] = positionals;
  if (stack === undefined || names.length === 0)
    throw new Error("Which nodes or hypervisors of which stack? npm run forget -- STACK NAME… [--yes]");
  if (stack === "local") throw new Error("stack local — finds its lost machines by itself: npm start");
  const access = await accessStack(stack, { emptyIsFine: false });
  const intent = await intendToForget(access, names);
  process.stdout.write(renderRemoval(stack, intent.removal));
  if (!values.yes) {
    process.stdout.write(`\nNothing was changed. To do it: npm run forget -- ${positionals.join(" ")} --yes\n`);
    process.exitCode = 7;
    return;
  }
  const file = await forget(access, intent);
  process.stdout.write(
    `\nTaken out. The state as it was, secrets encrypted, is in ${file}. To go back, before any update:\n` +
      `  npx pulumi stack import --stack ${stack} --file ${file}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
