import { apiServerIn, waitForApi } from "../../lib/api-server";
import { pulumi } from "../../lib/pulumi";
import type { Exported } from "../../lib/stack-state";
import type { StackAccess } from "./stack-access";

/** Waits for the API server of a stack that has one, and goes on whatever comes of it. */
export async function waitForStackApi(
  access: StackAccess,
  seconds: number,
  report: (line: string) => void,
): Promise<void> {
  try {
    const { deployment } = JSON.parse(await pulumi(access, ["stack", "export"])) as Exported;
    const server = apiServerIn(deployment?.resources ?? []);
    if (server) await waitForApi(server, { seconds, report });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(`whether the API server is ready is unknown (${reason}); going on`);
  }
}
