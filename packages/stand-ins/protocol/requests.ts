import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type * as plugin from "./provider-plugin";
import { type Incoming, incomingDecoder } from "./wire-message";

/* From protobuf requests to the plugin's own. */

/* Numbers of the fields that carry properties. */
const CHECK = { olds: 2, news: 3 };
const DIFF = { olds: 3, news: 4, oldInputs: 6 };
const INVOKE = { args: 2 };
const CREATE = { properties: 2 };
const UPDATE = { olds: 3, news: 4, oldInputs: 8 };
const DELETE = { properties: 3, oldInputs: 5 };
const READ = { properties: 3, inputs: 4 };

/** Decoders by request. */
export const decoders = {
  check: decoder(pb.CheckRequest, CHECK),
  diff: decoder(pb.DiffRequest, DIFF),
  invoke: decoder(pb.InvokeRequest, INVOKE),
  create: decoder(pb.CreateRequest, CREATE),
  update: decoder(pb.UpdateRequest, UPDATE),
  delete: decoder(pb.DeleteRequest, DELETE),
  read: decoder(pb.ReadRequest, READ),
};

export function checkRequest(
  { message, properties }: Incoming<pb.CheckRequest>,
  signal: AbortSignal,
): plugin.CheckRequest {
  return { ...identity(message, signal), olds: properties(CHECK.olds), news: properties(CHECK.news) };
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
