import { Metadata, status } from "@grpc/grpc-js";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { InitializationFailure } from "./initialization-failure";
import type { PropertyMap } from "./property-value";
import type { CheckResult, DiffResult, PropertyChange, ReadState, ResourceState } from "./provider-plugin";
import { encodeOutgoing, type Outgoing } from "./wire-message";

/* From the plugin's results to protobuf responses; the numbers are those of the fields that carry properties. */

/**
 * HTTP/2 headers carry an error's details; Node refuses one of more than 64 KiB, and base64 adds a third. A larger state is
 * left out: the engine then keeps the inputs, from which the next run continues.
 */
const MAX_DETAIL_BYTES = 40 * 1024;

export function checkResponse(result: CheckResult): Outgoing {
  const message = new pb.CheckResponse();
  message.setFailuresList(
    (result.failures ?? []).map(({ property, reason }) => {
      const failure = new pb.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return { message, properties: { 1: result.inputs } };
}

export function diffResponse(result: DiffResult): Outgoing {
  const message = new pb.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  message.setChanges(result.changes.size === 0 ? DIFF_NONE : DIFF_SOME);
  message.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  message.setHasdetaileddiff(true);
  const topLevel = new Set<string>();
  for (const [path, change] of result.changes) {
    const diff = new pb.PropertyDiff();
    diff.setKind(changeKind(change));
    diff.setInputdiff(true);
    message.getDetaileddiffMap().set(path, diff);
    topLevel.add(path.split(/[.[]/, 1)[0] ?? path);
    if (change.replace) message.addReplaces(path);
  }
  message.setDiffsList([...topLevel]);
  return { message };
}

export function createResponse(state: ResourceState): Outgoing {
  const message = new pb.CreateResponse();
  message.setId(state.id);
  return { message, properties: { 2: state.properties } };
}

export function updateResponse(properties: PropertyMap): Outgoing {
  return { message: new pb.UpdateResponse(), properties: { 1: properties } };
}

export function readResponse(state: ReadState | undefined): Outgoing {
  const message = new pb.ReadResponse();
  if (state === undefined) return { message };
  message.setId(state.id);
  return { message, properties: { 2: state.properties, 3: state.inputs } };
}

export function invokeResponse(result: PropertyMap): Outgoing {
  return { message: new pb.InvokeResponse(), properties: { 1: result } };
}

interface ErrorStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The gRPC error that carries a failure to the engine, with the resource's state where there is one. */
export function errorResponse(error: unknown): ErrorStatus {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitializationFailure)) return { code: status.UNKNOWN, details };
  const whole = failureDetails(error, error.properties);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", whole.length <= MAX_DETAIL_BYTES ? whole : failureDetails(error, {}));
  return { code: status.UNKNOWN, details: "the resource is not ready", metadata };
}

function failureDetails(error: InitializationFailure, properties: PropertyMap): Buffer {
  const message = new pb.ErrorResourceInitFailed();
  message.setId(error.id);
  message.setReasonsList([...error.reasons]);
  const carried: Record<number, PropertyMap> = { 2: properties };
  if (error.inputs !== undefined) carried[4] = error.inputs;
  const packed = new Any();
  packed.pack(encodeOutgoing({ message, properties: carried }), "pulumirpc.ErrorResourceInitFailed");
  const wrapped = new Status();
  wrapped.setCode(status.UNKNOWN);
  wrapped.setMessage("the resource is not ready");
  wrapped.addDetails(packed);
  return Buffer.from(wrapped.serializeBinary());
}

function changeKind({ kind, replace }: PropertyChange): pb.PropertyDiff.Kind {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = pb.PropertyDiff.Kind;
  switch (kind) {
    case "add":
      return replace ? ADD_REPLACE : ADD;
    case "delete":
      return replace ? DELETE_REPLACE : DELETE;
    case "update":
      return replace ? UPDATE_REPLACE : UPDATE;
  }
}
