import { afterEach, describe, expect, it } from "vitest";
import { KubernetesPlugin } from "../../kubernetes/plugin";
import { EngineLog } from "../../protocol/engine-log";
import { InitializationFailure } from "../../protocol/initialization-failure";
import { type JsonObject, type PropertyMap, Secret, UNKNOWN } from "../../protocol/property-value";
import { type Answer, failure, FakeApi, kubeconfigFor, type Seen } from "./fake-api";

/* Doesn't prove: anything about a real API server, where the end-to-end suite takes over. */

const NOBODY_THERE = kubeconfigFor("http://127.0.0.1:1");
const signal = new AbortController().signal;
const resource = { urn: "urn", name: "cm", type: "kubernetes:core/v1:ConfigMap", signal, timeoutSeconds: undefined };
const configMap: PropertyMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "cm", namespace: "demo" },
  data: { a: "1" },
};

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

async function pluginFor(kubeconfig: string, config: PropertyMap = {}): Promise<KubernetesPlugin> {
  const plugin = new KubernetesPlugin(new EngineLog(undefined));
  await plugin.configure({ kubeconfig: new Secret(kubeconfig), ...config });
  return plugin;
}

async function pluginOn(
  answer: (request: Seen) => Answer | undefined,
  config: PropertyMap = {},
): Promise<KubernetesPlugin> {
  api = await FakeApi.start(answer);
  return pluginFor(api.kubeconfig, config);
}

/** An API server that stores nothing and echoes what it is sent. */
const echo = ({ method, body }: Seen): Answer | undefined =>
  method === "GET" ? undefined : { body: { ...(body as JsonObject), status: {} } };

describe("a create", () => {
  const create = { ...resource, inputs: configMap, preview: false };

  it("posts the object and keeps where its state comes from", async () => {
    const plugin = await pluginOn(echo);
    const state = await plugin.create(create);
    expect(state.id).toBe("demo/cm");
    expect(state.properties).toMatchObject({ data: { a: "1" }, __inputs: configMap, __initialApiVersion: "v1" });
    expect(state.properties.__fieldManager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(api?.writes).toMatchObject([
      { method: "POST", path: "/api/v1/namespaces/demo/configmaps", body: configMap },
    ]);
    expect(api?.writes[0]?.query.get("fieldManager")).toBe("pulumi-kubernetes");
  });

  it("refuses an object that exists", async () => {
    const plugin = await pluginOn(({ method }) =>
      method === "POST" ? failure(409, "AlreadyExists", "exists") : undefined,
    );
    await expect(plugin.create(create)).rejects.toThrow("create ConfigMap demo/cm — it already exists in the cluster");
  });

  it("takes an existing object over where the provider says so", async () => {
    const plugin = await pluginOn(echo, { upsertExistingObjects: "true" });
    await plugin.create(create);
    expect(api?.writes).toMatchObject([{ method: "PATCH", contentType: "application/apply-patch+yaml" }]);
    expect(api?.writes[0]?.query.get("force")).toBe("false");
  });

  it("waits for its namespace", async () => {
    let tries = 0;
    const missing = failure(404, "NotFound", 'namespaces "demo" not found', { kind: "namespaces" });
    const plugin = await pluginOn((request) => (request.method === "POST" && tries++ === 0 ? missing : echo(request)));
    await expect(plugin.create(create)).resolves.toMatchObject({ id: "demo/cm" });
  });

  it("waits for its kind", async () => {
    let asked = 0;
    const resources = [{ name: "widgets", kind: "Widget", namespaced: false }];
    const plugin = await pluginOn((request) => {
      if (request.path === "/apis/example.com/v1") return asked++ < 3 ? undefined : { body: { resources } };
      return echo(request);
    });
    const inputs = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } };
    const state = await plugin.create({ ...create, type: "kubernetes:example.com/v1:Widget", inputs });
    expect(state.id).toBe("w");
  });

  it("keeps the state of an object that doesn't get ready", async () => {
    const plugin = await pluginOn((request) =>
      request.method === "POST"
        ? echo(request)
        : { body: { ...configMap, status: { phase: "Pending" } } as unknown as JsonObject },
    );
    const metadata = {
      name: "cm",
      namespace: "demo",
      annotations: { "pulumi.com/waitFor": "jsonpath={.status.phase}=Done" },
    };
    const failed = plugin.create({ ...create, inputs: { ...configMap, metadata }, timeoutSeconds: 0.2 });
    await expect(failed).rejects.toBeInstanceOf(InitializationFailure);
    await expect(failed).rejects.toMatchObject({ id: "demo/cm", properties: { status: { phase: "Pending" } } });
    await expect(failed).rejects.toThrow(
      "ConfigMap demo/cm — not ready after 0.2 s, the limit: {.status.phase} is Pending (need Done)",
    );
  });

  it("shows no secret, in state or in an error", async () => {
    const inputs: PropertyMap = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "demo", annotations: { token: new Secret("hush-hush") } },
      stringData: { password: "hunter2!" },
    };
    const type = "kubernetes:core/v1:Secret";
    const stored = Buffer.from("hunter2!").toString("base64");
    const plugin = await pluginOn(({ body }) => {
      const { stringData: _, ...object } = body as JsonObject;
      return { body: { ...object, data: { password: stored } } };
    });
    const { properties } = await plugin.create({ ...create, type, inputs });
    expect(JSON.stringify(properties)).not.toMatch(/hunter2|hush|aHVudGVy/);
    expect(properties.data).toBeInstanceOf(Secret);
    await api?.stop();
    const refusing = await pluginOn(({ method }) =>
      method === "POST" ? failure(422, "Invalid", `bad value "hunter2!" or ${stored} or hush-hush`) : undefined,
    );
    await expect(refusing.create({ ...create, type, inputs })).rejects.toThrow(
      'bad value "[secret]" or [secret] or [secret]',
    );
  });
});

describe("a preview", () => {
  it("asks nobody whether an object changed", async () => {
    const plugin = await pluginFor(NOBODY_THERE);
    const checked = await plugin.check({ ...resource, olds: configMap, news: configMap, randomSeed: new Uint8Array() });
    expect(checked).toEqual({ inputs: configMap, failures: [] });
    const diff = {
      ...resource,
      id: "demo/cm",
      oldInputs: configMap,
      olds: configMap,
      news: configMap,
      ignoreChanges: [],
    };
    expect((await plugin.diff(diff)).changes.size).toBe(0);
  });

  it("plans from the inputs when nobody answers", async () => {
    const plugin = await pluginFor(NOBODY_THERE);
    await expect(plugin.create({ ...resource, inputs: configMap, preview: true })).resolves.toEqual({
      id: "",
      properties: configMap,
    });
    const update = {
      ...resource,
      id: "demo/cm",
      oldInputs: configMap,
      olds: configMap,
      news: configMap,
      ignoreChanges: [],
    };
    await expect(plugin.update({ ...update, preview: true })).resolves.toEqual(configMap);
  });

  it("of an unknown value plans from the inputs", async () => {
    const plugin = await pluginOn(echo);
    const inputs = { ...configMap, data: { a: UNKNOWN } };
    await expect(plugin.create({ ...resource, inputs, preview: true })).resolves.toEqual({
      id: "",
      properties: inputs,
    });
    expect(api?.seen).toEqual([]);
  });

  it("changes nothing, and knows no uid yet", async () => {
    const plugin = await pluginOn(echo);
    const { properties } = await plugin.create({ ...resource, inputs: configMap, preview: true });
    expect(properties.metadata).toMatchObject({ name: "cm", uid: UNKNOWN });
    expect(properties.status).toBeUndefined();
    expect(api?.writes.map(({ query }) => query.get("dryRun"))).toEqual(["All"]);
  });

  it("surfaces what the API server refuses", async () => {
    const plugin = await pluginOn(({ method }) =>
      method === "POST" ? failure(422, "Invalid", "data: wrong") : undefined,
    );
    await expect(plugin.create({ ...resource, inputs: configMap, preview: true })).rejects.toThrow("data: wrong");
  });
});

describe("an update", () => {
  const olds = { ...configMap, __fieldManager: "pulumi-kubernetes-1" };
  const update = {
    ...resource,
    id: "demo/cm",
    oldInputs: configMap,
    olds,
    news: configMap,
    preview: false,
    ignoreChanges: [],
  };
  const managed = (manager: string, operation: string): JsonObject => ({
    ...(configMap as JsonObject),
    metadata: {
      name: "cm",
      namespace: "demo",
      resourceVersion: "7",
      managedFields: [{ manager, operation, fieldsV1: {} }],
    },
  });

  it("takes the created fields over, then applies under the name in the state", async () => {
    const plugin = await pluginOn((request) =>
      request.method === "GET" ? { body: managed("pulumi-kubernetes", "Update") } : echo(request),
    );
    await plugin.update(update);
    expect(api?.writes.map(({ contentType }) => contentType)).toEqual([
      "application/json-patch+json",
      "application/apply-patch+yaml",
    ]);
    expect(api?.writes[1]?.query.get("fieldManager")).toBe("pulumi-kubernetes-1");
    expect(api?.writes[1]?.query.get("force")).toBe("false");
  });

  it("says who else owns a field", async () => {
    const conflict = failure(409, "Conflict", "Apply failed", { causes: [{ field: ".data.a" }] });
    const plugin = await pluginOn(({ method }) => (method === "GET" ? { body: managed("x", "Apply") } : conflict));
    await expect(plugin.update(update)).rejects.toThrow("someone else manages .data.a");
  });

  it("of a lost object says how to get it back", async () => {
    const plugin = await pluginOn(() => undefined);
    await expect(plugin.update(update)).rejects.toThrow("it is no longer in the cluster — run `pulumi refresh`");
  });

  it("replaces a custom resource definition on top of the live one", async () => {
    const news = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "w" } };
    const status = { conditions: [{ type: "Established", status: "True" }] };
    const plugin = await pluginOn(({ method, body }) =>
      method === "GET"
        ? { body: { ...news, metadata: { name: "w", resourceVersion: "5" } } }
        : { body: { ...(body as JsonObject), status } },
    );
    const type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
    await plugin.update({ ...update, type, id: "w", oldInputs: news, olds: news, news });
    expect(api?.writes).toMatchObject([{ method: "PUT", body: { metadata: { resourceVersion: "5" } } }]);
  });
});

describe("a delete", () => {
  const remove = { ...resource, id: "demo/cm", oldInputs: configMap, olds: configMap };
  const path = "/api/v1/namespaces/demo/configmaps/cm";

  it("waits until the object is gone", async () => {
    let left = 2;
    const plugin = await pluginOn(({ method }) => {
      if (method === "DELETE") return { body: {} };
      return left-- > 0
        ? { body: { ...configMap, metadata: { uid: "1", finalizers: ["x/y"] } } as unknown as JsonObject }
        : undefined;
    });
    await plugin.delete(remove);
    expect(api?.writes).toMatchObject([{ method: "DELETE", path, body: { propagationPolicy: "Foreground" } }]);
    expect(left).toBe(-1);
  });

  it("is done when someone made a new object of that name", async () => {
    let uid = 0;
    const plugin = await pluginOn(({ method }) => ({
      body: { metadata: { uid: method === "DELETE" ? "" : String(uid++) } },
    }));
    await expect(plugin.delete(remove)).resolves.toBeUndefined();
  });

  it("of an object or a kind that is gone is done", async () => {
    const plugin = await pluginOn(() => undefined);
    await expect(plugin.delete(remove)).resolves.toBeUndefined();
    const widget = { apiVersion: "example.com/v1", kind: "Widget" };
    await expect(plugin.delete({ ...remove, olds: widget, oldInputs: widget })).resolves.toBeUndefined();
  });

  it("says what holds the object when the time is over", async () => {
    const held = { metadata: { uid: "1", finalizers: ["example.com/hold"] } };
    const plugin = await pluginOn(({ method }) => ({ body: method === "DELETE" ? {} : held }));
    await expect(plugin.delete({ ...remove, timeoutSeconds: 0.2 })).rejects.toThrow(
      "delete ConfigMap demo/cm — still there after 0.2 s, the limit: finalizers example.com/hold",
    );
  });

  it("of an object in a lost cluster needs deleteUnreachable", async () => {
    const plugin = await pluginFor(NOBODY_THERE, { deleteUnreachable: "true" });
    await expect(plugin.delete(remove)).resolves.toBeUndefined();
  }, 15_000);
});

describe("a read", () => {
  const read = { ...resource, id: "demo/cm", inputs: configMap, properties: configMap };
  const live = {
    ...configMap,
    metadata: { name: "cm", namespace: "demo", uid: "1", managedFields: [] },
    data: { a: "2", b: "3" },
  };

  it("brings drift into the inputs, and nothing that they don't set", async () => {
    const plugin = await pluginOn(() => ({ body: live as unknown as JsonObject }));
    const state = await plugin.read(read);
    expect(state?.inputs).toEqual({ ...configMap, data: { a: "2" } });
    expect(state?.properties).toMatchObject({ data: { a: "2", b: "3" }, metadata: { uid: "1" } });
    expect(state?.properties.metadata).not.toHaveProperty("managedFields");
  });

  it("imports what a program could have written", async () => {
    const plugin = await pluginOn(() => ({ body: { ...live, status: {} } as unknown as JsonObject }));
    const state = await plugin.read({ ...read, inputs: {}, properties: {} });
    expect(state?.inputs).toEqual({ ...configMap, data: { a: "2", b: "3" } });
  });

  it("keeps a Secret's stringData", async () => {
    const inputs = {
      ...configMap,
      kind: "Secret",
      data: undefined,
      stringData: new Secret({ k: "old" }),
    } as unknown as PropertyMap;
    const secret = { ...live, kind: "Secret", data: { k: Buffer.from("new").toString("base64") } };
    const plugin = await pluginOn(() => ({ body: secret as unknown as JsonObject }));
    const state = await plugin.read({ ...read, type: "kubernetes:core/v1:Secret", inputs });
    expect(state?.inputs.stringData).toEqual(new Secret({ k: "new" }));
  });

  it("of a lost object finds nothing", async () => {
    const plugin = await pluginOn(() => undefined);
    await expect(plugin.read(read)).resolves.toBeUndefined();
  });

  it("of an unready workload says so and keeps the state", async () => {
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "demo" },
      spec: { replicas: 1 },
    };
    const plugin = await pluginOn(() => ({
      body: { ...deployment, status: { observedGeneration: 1, updatedReplicas: 1 } },
    }));
    const type = "kubernetes:apps/v1:Deployment";
    const failed = plugin.read({ ...read, type, id: "demo/web", inputs: deployment, properties: deployment });
    await expect(failed).rejects.toThrow("Deployment demo/web — not ready: 0 of 1 replicas available");
    await expect(failed).rejects.toMatchObject({ id: "demo/web", inputs: deployment });
  });
});

describe("what the stand-in doesn't cover", () => {
  it("is refused by name", async () => {
    const plugin = await pluginFor(NOBODY_THERE);
    await expect(plugin.invoke({ token: "kubernetes:yaml:decode", args: {}, signal })).rejects.toThrow(
      "the function kubernetes:yaml:decode is not covered",
    );
  });
});
