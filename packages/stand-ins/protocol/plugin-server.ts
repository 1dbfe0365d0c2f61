import { Server, ServerCredentials } from "@grpc/grpc-js";
import { EngineLog } from "./engine-log";
import { endWithEngine } from "./engine-watch";
import { pluginService, providerService } from "./plugin-service";
import type { PluginFactory } from "./provider-plugin";

/** The engine's own limit; states of hundreds of custom resource definitions pass. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Serves a plugin: listens on a free local port and prints that port as the first line of stdout. The engine's address is
 * the first argument that is not a flag.
 */
export async function servePlugin(make: PluginFactory, args: readonly string[] = process.argv.slice(2)): Promise<void> {
  const log = new EngineLog(args.find((arg) => !arg.startsWith("-")));
  const plugin = make(log);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(providerService, pluginService(plugin, log));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  process.stdout.write(`${port}\n`);
  endWithEngine(server, log);
  const what = `${plugin.name} ${plugin.version}`;
  log.write("info", "", `${what}: air-gapped stand-in for the official plugin, see packages/stand-ins/README.md`);
}
