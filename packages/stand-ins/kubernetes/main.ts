import { servePlugin } from "../protocol/plugin-server";
import { KubernetesPlugin } from "./plugin";

void servePlugin((log) => new KubernetesPlugin(log));
