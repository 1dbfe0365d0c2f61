import { version } from "@pulumi/random/package.json";
import { servePlugin } from "../protocol/plugin-server";
import { RandomPlugin } from "./random-plugin";

void servePlugin(() => new RandomPlugin(version));
