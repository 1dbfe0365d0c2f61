import { version } from "@pulumi/command/package.json";
import { servePlugin } from "../protocol/plugin-server";
import { CommandPlugin } from "./command-plugin";

void servePlugin((log) => new CommandPlugin(version, log));
