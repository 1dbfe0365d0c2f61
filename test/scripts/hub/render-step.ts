/** Prints what a RemoteStep sends to a machine: render-step.ts SCRIPT [NAME=VALUE…]. */
import { join } from "node:path";
import { effectiveScript, renderScript } from "../../../components/remote/script";

const [script = "", ...settings] = process.argv.slice(2);
const env = settings.map((setting) => {
  const equals = setting.indexOf("=");
  return [setting.slice(0, equals), setting.slice(equals + 1)] as const;
});
const file = join(__dirname, "..", "..", "..", "scripts", "remote", script);
process.stdout.write(renderScript(effectiveScript(file), Object.fromEntries(env)));
