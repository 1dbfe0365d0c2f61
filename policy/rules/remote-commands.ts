import { entries, fields, isGiven, type Resource, text, UNKNOWN } from "../resource";
import type { ResourceRule } from "../rule";

const isRemote = ({ type }: Resource): boolean => type.startsWith("command:remote:");
const isCommand = ({ type }: Resource): boolean => /^command:(remote|local):Command$/.test(type);

export const hostKeys: ResourceRule = {
  name: "host-keys",
  description: "Every SSH connection verifies the host key.",
  enforcement: "mandatory",
  comply:
    "run it as a RemoteStep on a Machine, whose connection has its hostKey (nodes[].hostKey of an adopted server)",
  resource: (resource) => {
    if (!isRemote(resource)) return [];
    const connection = fields(resource.values["connection"]);
    const proxy = connection["proxy"];
    return [
      ...(isGiven(connection["hostKey"]) || resource.values["connection"] === UNKNOWN
        ? []
        : ["connection.hostKey is missing: whoever answers at that address would be trusted"]),
      ...(proxy === undefined || proxy === UNKNOWN || isGiven(fields(proxy)["hostKey"])
        ? []
        : ["connection.proxy.hostKey is missing: whoever answers as the proxy would be trusted"]),
    ];
  },
};

const OUTPUTS = ["stdout", "stderr"];

export const silentCommands: ResourceRule = {
  name: "silent-commands",
  description: "What a command prints reaches neither the log nor the state in clear.",
  enforcement: "mandatory",
  comply: 'set logging: "none" and additionalSecretOutputs: ["stdout", "stderr"]; a RemoteStep does',
  resource: (resource) => {
    if (!isCommand(resource)) return [];
    const { logging } = resource.values;
    const open = OUTPUTS.filter((output) => !resource.additionalSecretOutputs.includes(output));
    return [
      ...(logging === "none" || logging === UNKNOWN ? [] : [`logging is ${text(logging) ?? "not set"} (need none)`]),
      ...(open.length === 0 ? [] : [`${open.join(" and ")} ${open.length === 1 ? "is" : "are"} not kept secret`]),
    ];
  },
};

export const noTriggersWithDelete: ResourceRule = {
  name: "no-triggers-with-delete",
  description: "No replacement undoes what it has just done.",
  enforcement: "mandatory",
  comply: "leave out triggers (a changed stdin runs update in place), or set deleteBeforeReplace: true",
  resource: (resource) => {
    if (!isCommand(resource) || resource.deleteBeforeReplace) return [];
    const { triggers, delete: undo } = resource.values;
    const replaces = triggers === UNKNOWN || entries(triggers).length > 0;
    if (!replaces || !isGiven(undo)) return [];
    return ["has triggers and a delete: a replacement runs the old delete on the machine that was just set up"];
  },
};
