import type { sendUnaryData, ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { type PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { EngineLog } from "./engine-log";
import { diffProperties } from "./property-diff";
import type { ProviderPlugin } from "./provider-plugin";
import * as from from "./requests";
import * as to from "./responses";
import { encodeOutgoing, type Outgoing } from "./wire-message";

const { decoders } = from;

/** The provider protocol of the generated code, with our own decoding of properties. */
export const providerService: ServiceDefinition = {
  ...withEncoder(ResourceProviderService),
  checkConfig: rpc(ResourceProviderService.checkConfig, decoders.check),
  diffConfig: rpc(ResourceProviderService.diffConfig, decoders.diff),
  invoke: rpc(ResourceProviderService.invoke, decoders.invoke),
  check: rpc(ResourceProviderService.check, decoders.check),
  diff: rpc(ResourceProviderService.diff, decoders.diff),
  create: rpc(ResourceProviderService.create, decoders.create),
  update: rpc(ResourceProviderService.update, decoders.update),
  delete: rpc(ResourceProviderService.delete, decoders.delete),
  read: rpc(ResourceProviderService.read, decoders.read),
};

/** The gRPC methods of the provider protocol, around a plugin. Methods that aren't here answer "unimplemented". */
export function pluginService(plugin: ProviderPlugin, log: EngineLog): UntypedServiceImplementation {
  const interrupt = new AbortController();
  const signal = interrupt.signal;
  type Check = ReturnType<typeof decoders.check>;
  type Diff = ReturnType<typeof decoders.diff>;

  return {
    handshake: method(async () => {
      const message = new pb.ProviderHandshakeResponse();
      message.setAcceptSecrets(true);
      return { message };
    }),
    attach: method(async (request: PluginAttach) => {
      log.connect(request.getAddress());
      return { message: new Empty() };
    }),
    getPluginInfo: method(async () => {
      const message = new PluginInfo();
      message.setVersion(plugin.version);
      return { message };
    }),
    getSchema: method(async () => {
      const message = new pb.GetSchemaResponse();
      message.setSchema(JSON.stringify({ name: plugin.name, version: plugin.version }));
      return { message };
    }),
    checkConfig: method(async (request: Check) => {
      return to.checkResponse({ inputs: from.checkRequest(request, signal).news });
    }),
    diffConfig: method(async (request: Diff) => {
      const { olds, news } = from.diffRequest(request, signal);
      return to.diffResponse({ changes: diffProperties(olds, news) });
    }),
    configure: method(async () => {
      const message = new pb.ConfigureResponse();
      message.setAcceptsecrets(true);
      message.setSupportspreview(true);
      return { message };
    }),
    check: method(async (request: Check) => {
      return to.checkResponse(await plugin.check(from.checkRequest(request, signal)));
    }),
    diff: method(async (request: Diff) => {
      return to.diffResponse(await plugin.diff(from.diffRequest(request, signal)));
    }),
    create: method(async (request: ReturnType<typeof decoders.create>) => {
      return to.createResponse(await plugin.create(from.createRequest(request, signal)));
    }),
    update: method(async (request: ReturnType<typeof decoders.update>) => {
      return to.updateResponse(await plugin.update(from.updateRequest(request, signal)));
    }),
    delete: method(async (request: ReturnType<typeof decoders.delete>) => {
      await plugin.delete(from.deleteRequest(request, signal));
      return { message: new Empty() };
    }),
    read: method(async (request: ReturnType<typeof decoders.read>) => {
      return to.readResponse(await plugin.read(from.readRequest(request, signal)));
    }),
    invoke: method(async (request: ReturnType<typeof decoders.invoke>) => {
      if (plugin.invoke === undefined) throw notCovered(plugin, `the function ${request.message.getTok()}`);
      return to.invokeResponse(await plugin.invoke(from.invokeRequest(request, signal)));
    }),
    call: method(async (request: pb.CallRequest) => {
      throw notCovered(plugin, `the method ${request.getTok()}`);
    }),
    construct: method(async (request: pb.ConstructRequest) => {
      throw notCovered(plugin, request.getType());
    }),
    cancel: method(async () => {
      interrupt.abort(new Error("interrupted"));
      return { message: new Empty() };
    }),
  };
}

/** The error for a request outside the subset that a stand-in covers. */
export function notCovered(plugin: Pick<ProviderPlugin, "name" | "version">, what: string): Error {
  return new Error(
    `${plugin.name} stand-in — ${what} is not covered by this air-gapped stand-in for version ${plugin.version}; ` +
      "use the official plugin, or another resource",
  );
}

type Rpc = ServiceDefinition[string];

function rpc(generated: object, requestDeserialize: (bytes: Buffer) => unknown): Rpc {
  return { ...(generated as Rpc), requestDeserialize, responseSerialize: encodeOutgoing };
}

/** Every method answers with an Outgoing. */
function withEncoder(service: object): ServiceDefinition {
  const methods = Object.entries(service) as [string, Rpc][];
  return Object.fromEntries(methods.map(([name, each]) => [name, { ...each, responseSerialize: encodeOutgoing }]));
}

function method<Request>(handle: (request: Request) => Promise<Outgoing>) {
  return (call: ServerUnaryCall<Request, Outgoing>, done: sendUnaryData<Outgoing>): void => {
    handle(call.request).then(
      (response) => {
        done(null, response);
      },
      (error: unknown) => {
        done(to.errorResponse(error));
      },
    );
  };
}
