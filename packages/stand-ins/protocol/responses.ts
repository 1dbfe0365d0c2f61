import { status } from "@grpc/grpc-js";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { PropertyMap } from "./property-value";
import type { CheckResult, DiffResult, PropertyChange, ReadState, ResourceState } from "./provider-plugin";
import type { Outgoing } from "./wire-message";

/* From the plugin's results to protobuf responses; the numbers are those of the fields that carry properties. */

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

/** The gRPC error that carries a failure to the engine. */
export function errorResponse(error: unknown): { readonly code: status; readonly details: string } {
  return { code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) };
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
