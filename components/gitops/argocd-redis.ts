import type { KubernetesObject } from "../objects/kubernetes-object";
import { mapContainers, mapPods, type Container, type EnvironmentVariable, type PodSpec } from "./workload";

/** The Secret that holds Redis' password: `auth`, the password, and `redis.conf`, the line that makes Redis want it. */
export const REDIS_SECRET = "argocd-redis";

/** The workloads that talk to Redis; NetworkPolicy keeps everything else away from it. */
const CLIENTS = ["argocd-server", "argocd-repo-server", "argocd-application-controller"];

const CONFIGURATION = "/etc/argocd-redis/redis.conf";

/** The content of `redis.conf` in the Secret. The password must be free of quotes and spaces. */
export function redisConfiguration(password: string): string {
  return `requirepass ${password}\n`;
}

/**
 * Makes Redis ask for a password and its clients give it.
 *
 * Newer official manifests write `--requirepass $(REDIS_PASSWORD)`, which the kubelet expands into the command line, for
 * everyone with `ps` to read; so Redis reads the password from a mounted file instead. `redis-server` is named outright
 * because the entrypoints of images differ. The clients of every 2.x take the password from the environment only.
 */
export function withRedisPassword(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const guarded = mapPods(objects.filter(isNeeded).map(withoutWayOut), (pod, workload) =>
    workload === "argocd-redis" ? guardPod(pod) : pod,
  );
  return mapContainers(guarded, (container, workload) =>
    CLIENTS.includes(workload) ? { ...container, env: withPassword(container.env ?? []) } : container,
  );
}

/** Newer manifests let Redis' own account read and make the Secret with its password; here it needs no API. */
function isNeeded({ kind, metadata }: KubernetesObject): boolean {
  return kind !== "Role" || metadata.name !== "argocd-redis";
}

/** For the same reason newer policies let Redis out to everywhere; older ones let it ask for names only. */
function withoutWayOut(object: KubernetesObject): KubernetesObject {
  if (object.metadata.name !== "argocd-redis-network-policy") return object;
  const ports = [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ];
  return {
    ...object,
    spec: { ...(object["spec"] as object), policyTypes: ["Ingress", "Egress"], egress: [{ ports }] },
  };
}

function guardPod(pod: PodSpec): PodSpec {
  // Newer manifests invent a password in an init container where there is none; here there always is one.
  const { initContainers: _initContainers, volumes = [], ...rest } = pod;
  const configuration = {
    name: "configuration",
    secret: { secretName: REDIS_SECRET, items: [{ key: "redis.conf", path: "redis.conf" }] },
  };
  return { ...rest, containers: pod.containers.map(guardContainer), volumes: [...volumes, configuration] };
}

function guardContainer(container: Container): Container {
  const { env: _env, ...rest } = container;
  return {
    ...rest,
    command: ["redis-server"],
    args: [CONFIGURATION, "--save", "", "--appendonly", "no"],
    volumeMounts: [
      ...(container.volumeMounts ?? []),
      { name: "configuration", mountPath: "/etc/argocd-redis", readOnly: true },
    ],
  };
}

function withPassword(env: readonly EnvironmentVariable[]): EnvironmentVariable[] {
  const password = { name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: { name: REDIS_SECRET, key: "auth" } } };
  return [...env.filter(({ name }) => name !== password.name), password];
}
