import { ensureMirror } from "../../ensure-mirror";

/** The tests work on copies of the real mirror: it is built before the first of them, and only read by them. */
export async function setup(): Promise<void> {
  await ensureMirror({ from: "modules", log: (line) => process.stdout.write(`${line}\n`) });
}
