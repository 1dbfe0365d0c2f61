import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type * as plugin from "./provider-plugin";
import { type Incoming, incomingDecoder } from "./wire-message";

/* From protobuf requests to the plugin's own. A zero timeout means that the user gave none. */

/* Numbers of the fields that carry properties. */
const CHECK = { olds: 2, news: 3 };
const DIFF = { olds: 3, news: 4, oldInputs: 6 };
const CONFIGURE = { args: 2 };
const INVOKE = { args: 2 };
const CREATE = { properties: 2 };
const UPDATE = { olds: 3, news: 4, oldInputs: 8 };
const DELETE = { properties: 3, oldInputs: 5 };
const READ = { properties: 3, inputs: 4 };

/** Decoders by request. */
export const decoders = {
  check: decoder(pb.CheckRequest, CHECK),
  diff: decoder(pb.DiffRequest, DIFF),
  configure: decoder(pb.ConfigureRequest, CONFIGURE),
  invoke: decoder(pb.InvokeRequest, INVOKE),
  create: decoder(pb.CreateRequest, CREATE),
  update: decoder(pb.UpdateRequest, UPDATE),
  delete: decoder(pb.DeleteRequest, DELETE),
  read: decoder(pb.ReadRequest, READ),
};

const AUTONAMING_MODES = ["propose", "enforce", "disable"] as const;

export function checkRequest(
  { message, properties }: Incoming<pb.CheckRequest>,
  signal: AbortSignal,
): plugin.CheckRequest {
  const autonaming = message.getAutonaming();
  return {
    ...identity(message, signal),
    olds: properties(CHECK.olds),
    news: properties(CHECK.news),
    randomSeed: message.getRandomseed_asU8(),
    autonaming: autonaming && {
      mode: AUTONAMING_MODES[autonaming.getMode()],
      proposedName: autonaming.getProposedName(),
    },
  };
}

export function diffRequest(
  { message, properties }: Incoming<pb.DiffRequest>,
  signal: AbortSignal,
): plugin.DiffRequest {
  return {
    ...identity(message, signal),
    id: message.getId(),
    oldInputs: properties(DIFF.oldInputs),
    olds: properties(DIFF.olds),
    news: properties(DIFF.news),
    ignoreChanges: message.getIgnorechangesList(),
  };
}

export function createRequest(
  { message, properties }: Incoming<pb.CreateRequest>,
  signal: AbortSignal,
): plugin.CreateRequest {
  return {
    ...identity(message, signal),
    inputs: properties(CREATE.properties),
    preview: message.getPreview(),
    timeoutSeconds: timeout(message),
  };
}

export function updateRequest(
  { message, properties }: Incoming<pb.UpdateRequest>,
  signal: AbortSignal,
): plugin.UpdateRequest {
  return {
    ...identity(message, signal),
    id: message.getId(),
    oldInputs: properties(UPDATE.oldInputs),
    olds: properties(UPDATE.olds),
    news: properties(UPDATE.news),
    preview: message.getPreview(),
    timeoutSeconds: timeout(message),
    ignoreChanges: message.getIgnorechangesList(),
  };
}

export function deleteRequest(
  { message, properties }: Incoming<pb.DeleteRequest>,
  signal: AbortSignal,
): plugin.DeleteRequest {
  return {
    ...identity(message, signal),
    id: message.getId(),
    oldInputs: properties(DELETE.oldInputs),
    olds: properties(DELETE.properties),
    timeoutSeconds: timeout(message),
  };
}

export function readRequest(
  { message, properties }: Incoming<pb.ReadRequest>,
  signal: AbortSignal,
): plugin.ReadRequest {
  return {
    ...identity(message, signal),
    id: message.getId(),
    inputs: properties(READ.inputs),
    properties: properties(READ.properties),
  };
}

export function invokeRequest(
  { message, properties }: Incoming<pb.InvokeRequest>,
  signal: AbortSignal,
): plugin.InvokeRequest {
  return { token: message.getTok(), args: properties(INVOKE.args), signal };
}

/** The provider's own config. */
export function configuration({ properties }: Incoming<pb.ConfigureRequest>): plugin.CheckRequest["news"] {
  return properties(CONFIGURE.args);
}

function decoder<Message>(
  type: { deserializeBinary(bytes: Uint8Array): Message },
  fields: Readonly<Record<string, number>>,
): (bytes: Buffer) => Incoming<Message> {
  return incomingDecoder((bytes) => type.deserializeBinary(bytes), Object.values(fields));
}

interface Identified {
  getUrn(): string;
  getName(): string;
  getType(): string;
}

function identity(message: Identified, signal: AbortSignal) {
  return { urn: message.getUrn(), name: message.getName(), type: message.getType(), signal };
}

function timeout(message: { getTimeout(): number }): number | undefined {
  return message.getTimeout() > 0 ? message.getTimeout() : undefined;
}
