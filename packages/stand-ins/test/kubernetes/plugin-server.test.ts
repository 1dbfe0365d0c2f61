import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { type ClientUnaryCall, credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeApi } from "./fake-api";

/* The plugin as a process, spoken to with the generated client as the engine does. */

const MAIN = resolve(__dirname, "../../kubernetes/main.ts");
const TYPE = "kubernetes:core/v1:ConfigMap";

let child: ChildProcess;
let client: ResourceProviderClient;
let api: FakeApi;

beforeAll(async () => {
  api = await FakeApi.start(({ method, body }) => (method === "GET" ? { body: pending() } : { body: body as never }));
  child = spawn(process.execPath, [require.resolve("tsx/cli"), MAIN], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((done) =>
    child.stdout?.once("data", (line: Buffer) => done(line.toString().trim())),
  );
  client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const configure = new pb.ConfigureRequest();
  configure.setArgs(struct({ kubeconfig: api.kubeconfig }));
  await call<pb.ConfigureResponse>((done) => client.configure(configure, done));
});

afterAll(async () => {
  client.close();
  child.kill();
  await api.stop();
});

describe("the plugin's process", () => {
  it("says its version", async () => {
    const info = await call<{ getVersion(): string }>((done) => client.getPluginInfo(new Empty(), done));
    expect(info.getVersion()).toBe("4.34.2");
  });

  it("checks and diffs", async () => {
    const request = new pb.CheckRequest();
    request.setType(TYPE);
    request.setNews(struct({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "1" } }));
    const checked = await call<pb.CheckResponse>((done) => client.check(request, done));
    expect(checked.getInputs()?.toJavaScript()).toMatchObject({ data: { k: "1" } });

    const diff = new pb.DiffRequest();
    diff.setType(TYPE);
    diff.setOldInputs(struct({ ...plain(checked), data: { k: "0" } }));
    diff.setNews(checked.getInputs());
    const result = await call<pb.DiffResponse>((done) => client.diff(diff, done));
    expect(result.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_SOME);
    expect(result.getReplacesList()).toEqual(["data.k"]);
    expect(result.getDiffsList()).toEqual(["data"]);
    expect(result.getDeletebeforereplace()).toBe(true);
  });

  it("hands over the state of what isn't ready", async () => {
    const request = new pb.CreateRequest();
    request.setType(TYPE);
    request.setProperties(
      struct({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
      }),
    );
    request.setTimeout(0.2);
    const error = await call((done) => client.create(request, done)).catch((failed: unknown) => failed as ServiceError);
    const [details] = (error as ServiceError).metadata.get("grpc-status-details-bin");
    const [packed] = Status.deserializeBinary(details as Uint8Array).getDetailsList();
    const failure = pb.ErrorResourceInitFailed.deserializeBinary(packed?.getValue_asU8() ?? new Uint8Array());
    expect(packed?.getTypeName()).toBe("pulumirpc.ErrorResourceInitFailed");
    expect(failure.getId()).toBe("default/a");
    expect(failure.getReasonsList()[0]).toContain("condition Ready is not there (need True)");
    expect(failure.getProperties()?.toJavaScript()).toMatchObject({ kind: "ConfigMap", __initialApiVersion: "v1" });
  });

  it("refuses components, with a cure", async () => {
    const request = new pb.ConstructRequest();
    request.setType("kubernetes:helm.sh/v4:Chart");
    await expect(call((done) => client.construct(request, done))).rejects.toThrow("helm.sh/v4:Chart is not covered");
  });

  it("needs no handshake, but answers one", async () => {
    const answer = await call<pb.ProviderHandshakeResponse>((done) =>
      client.handshake(new pb.ProviderHandshakeRequest(), done),
    );
    expect(answer.getAcceptSecrets()).toBe(true);
  });
});

function pending(): never {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } } as never;
}

function struct(map: object): Struct {
  return Struct.fromJavaScript(map as Record<string, JavaScriptValue>);
}

function plain(checked: pb.CheckResponse): object {
  return checked.getInputs()?.toJavaScript() ?? {};
}

function call<Response>(
  send: (done: (error: ServiceError | null, response: Response) => void) => ClientUnaryCall,
): Promise<Response> {
  return new Promise((done, fail) => send((error, response) => (error === null ? done(response) : fail(error))));
}
