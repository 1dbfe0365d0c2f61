import { version } from "@pulumi/random/package.json";
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { type ClientUnaryCall, credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/* The plugin as a process, spoken to with the generated client as the engine does. */

const MAIN = resolve(__dirname, "../../random/main.ts");
const TYPE = "random:index/randomInteger:RandomInteger";

let child: ChildProcess;
let client: ResourceProviderClient;

beforeAll(async () => {
  child = spawn(process.execPath, [require.resolve("tsx/cli"), MAIN], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((done) =>
    child.stdout?.once("data", (line: Buffer) => done(line.toString().trim())),
  );
  client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  await call<pb.ConfigureResponse>((done) => client.configure(new pb.ConfigureRequest(), done));
}, 60_000); // the TypeScript loader takes its time on a busy computer

afterAll(() => {
  client.close();
  child.kill();
});

describe("the plugin's process", () => {
  it("says its version", async () => {
    const info = await call<{ getVersion(): string }>((done) => client.getPluginInfo(new Empty(), done));
    expect(info.getVersion()).toBe(version);
  });

  it("checks and diffs", async () => {
    const request = new pb.CheckRequest();
    request.setType(TYPE);
    request.setNews(struct({ min: 1, max: 6 }));
    const checked = await call<pb.CheckResponse>((done) => client.check(request, done));
    expect(checked.getInputs()?.toJavaScript()).toEqual({ min: 1, max: 6 });

    const diff = new pb.DiffRequest();
    diff.setType(TYPE);
    diff.setOldInputs(struct({ min: 1, max: 4 }));
    diff.setNews(checked.getInputs());
    const result = await call<pb.DiffResponse>((done) => client.diff(diff, done));
    expect(result.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_SOME);
    expect([result.getDiffsList(), result.getReplacesList()]).toEqual([["max"], ["max"]]);
  });

  it("creates, and hands over a failure as it is", async () => {
    const request = new pb.CreateRequest();
    request.setType(TYPE);
    request.setProperties(struct({ min: 3, max: 3 }));
    const made = await call<pb.CreateResponse>((done) => client.create(request, done));
    expect([made.getId(), made.getProperties()?.toJavaScript()]).toEqual(["3", { min: 3, max: 3, result: 3 }]);

    request.setType("random:index/randomPet:RandomPet");
    await expect(call((done) => client.create(request, done))).rejects.toThrow(
      "random stand-in — random:index/randomPet:RandomPet is not covered",
    );
  });

  it("refuses components, with a cure", async () => {
    const request = new pb.ConstructRequest();
    request.setType("random:index:Dice");
    await expect(call((done) => client.construct(request, done))).rejects.toThrow("random:index:Dice is not covered");
  });

  it("needs no handshake, but answers one", async () => {
    const answer = await call<pb.ProviderHandshakeResponse>((done) =>
      client.handshake(new pb.ProviderHandshakeRequest(), done),
    );
    expect(answer.getAcceptSecrets()).toBe(true);
  });
});

function struct(map: object): Struct {
  return Struct.fromJavaScript(map as Record<string, JavaScriptValue>);
}

function call<Response>(
  send: (done: (error: ServiceError | null, response: Response) => void) => ClientUnaryCall,
): Promise<Response> {
  return new Promise((done, fail) => send((error, response) => (error === null ? done(response) : fail(error))));
}
