/**
 * `npm run recover -- STACK`: makes a stack ready for its next update after one was killed (a runner that died): see
 * docs/guides/ci.md. Never while an update is alive.
 */
import { recover } from "./access/recover";
import { redacted } from "../lib/redaction";
import { accessStack } from "./access/stack-access";

async function main(): Promise<void> {
  const [stack, ...rest] = process.argv.slice(2);
  if (stack === undefined || rest.length > 0) throw new Error("Which stack? npm run recover -- STACK");
  if (stack === "local") throw new Error("stack local — recovers by itself: npm start");
  const access = await accessStack(stack, { emptyIsFine: false });
  for (const line of await recover(access)) process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${redacted(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
});
