import { describe, expect, it } from "vitest";
import {
  daemonSetReady,
  deploymentReady,
  jobReady,
  podReady,
  podTrouble,
  statefulSetReady,
} from "../../kubernetes/readiness/workloads";

const observed = { metadata: { generation: 2 } };

describe("a Deployment", () => {
  it.each([
    [{ observedGeneration: 1, updatedReplicas: 2, replicas: 2, availableReplicas: 2 }, "has not seen the change"],
    [{ observedGeneration: 2, updatedReplicas: 1, replicas: 2, availableReplicas: 2 }, "1 of 2 replicas updated"],
    [{ observedGeneration: 2, updatedReplicas: 2, replicas: 3, availableReplicas: 2 }, "1 old replicas still there"],
    [{ observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 1 }, "1 of 2 replicas available"],
  ])("with status %j waits", (status, state) => {
    expect(deploymentReady({ ...observed, spec: { replicas: 2 }, status })).toMatchObject({
      ready: false,
      state: expect.stringContaining(state) as string,
    });
  });

  it("is ready when all replicas are new and available", () => {
    const status = { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 };
    expect(deploymentReady({ ...observed, spec: { replicas: 2 }, status })).toEqual({ ready: true });
  });

  it("is ready with no replicas wanted", () => {
    expect(deploymentReady({ ...observed, spec: { replicas: 0 }, status: { observedGeneration: 2 } })).toEqual({
      ready: true,
    });
  });
});

describe("a StatefulSet", () => {
  it("waits for the rolling update to finish", () => {
    const status = {
      observedGeneration: 2,
      readyReplicas: 1,
      updatedReplicas: 1,
      currentRevision: "a",
      updateRevision: "b",
    };
    expect(statefulSetReady({ ...observed, status })).toMatchObject({ ready: false });
    expect(statefulSetReady({ ...observed, status: { ...status, currentRevision: "b" } })).toEqual({ ready: true });
  });
});

describe("a DaemonSet", () => {
  it("waits for every node", () => {
    const status = { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 };
    expect(daemonSetReady({ ...observed, status })).toMatchObject({ state: "available on 2 of 3 nodes" });
    expect(daemonSetReady({ ...observed, status: { ...status, numberAvailable: 3 } })).toEqual({ ready: true });
  });
});

describe("a Job", () => {
  it("that failed is hopeless", () => {
    const status = {
      conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too often" }],
    };
    expect(jobReady({ status })).toEqual({
      ready: false,
      hopeless: true,
      state: "the job failed: BackoffLimitExceeded: too often",
    });
  });
});

describe("a Pod", () => {
  it.each([
    [{ conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes" }] }, "unschedulable: 0/1 nodes"],
    [
      {
        containerStatuses: [
          { name: "c", state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } },
        ],
      },
      "c: ImagePullBackOff no such image",
    ],
    [
      { containerStatuses: [{ name: "c", state: { terminated: { exitCode: 3, reason: "Error" } } }] },
      "c: exited with 3 (Error)",
    ],
    [{ containerStatuses: [{ name: "c", ready: false, state: { running: {} } }] }, "c: running, not ready"],
    [{ phase: "Pending" }, "phase Pending"],
  ])("with status %j says %s", (status, trouble) => {
    expect(podTrouble({ status })).toBe(trouble);
  });

  it("is ready once it succeeded", () => {
    expect(podReady({ status: { phase: "Succeeded" } })).toEqual({ ready: true });
  });
});
