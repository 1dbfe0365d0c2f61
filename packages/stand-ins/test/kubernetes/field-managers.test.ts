import { describe, expect, it } from "vitest";
import { needsForceInPreview, takeOverPatch } from "../../kubernetes/field-managers";

const entry = (manager: string, operation: string, fieldsV1: object, more: object = {}) => ({
  manager,
  operation,
  fieldsV1,
  ...more,
});
const live = (...managedFields: object[]) => ({ metadata: { resourceVersion: "7", managedFields } }) as never;

describe("field managers", () => {
  it("hand the fields of a plain create to the first apply", () => {
    const other = entry("kubelet", "Update", { "f:status": {} }, { subresource: "status" });
    const created = entry("pulumi-kubernetes", "Update", { "f:data": { "f:a": {} } }, { apiVersion: "v1" });
    const own = entry("pulumi-kubernetes-1", "Apply", { "f:data": { "f:b": {} } }, { apiVersion: "v1" });
    const merged = entry("pulumi-kubernetes-1", "Apply", { "f:data": { "f:b": {}, "f:a": {} } }, { apiVersion: "v1" });
    expect(takeOverPatch(live(other, created, own), "pulumi-kubernetes-1")).toEqual([
      { op: "replace", path: "/metadata/managedFields", value: [other, merged] },
      { op: "replace", path: "/metadata/resourceVersion", value: "7" },
    ]);
  });

  it("hand nothing over once it was done, nor what others own", () => {
    const own = entry("pulumi-kubernetes-1", "Apply", {});
    const controller = entry("argocd-controller", "Apply", {});
    expect(takeOverPatch(live(own, controller), "pulumi-kubernetes-1")).toEqual([]);
    expect(needsForceInPreview(live(own, controller))).toBe(false);
    expect(needsForceInPreview(live(entry("pulumi-kubernetes", "Update", {})))).toBe(true);
  });
});
