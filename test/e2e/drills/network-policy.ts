import assert from "node:assert/strict";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlJson, on } from "../platform";

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string; readonly containerStatuses: readonly { readonly containerID: string }[] };
}

/** Sends `PING` over TCP, in bash alone: no image of the platform has a Redis client for this. */
const ping = (host: string): string =>
  `exec 3<>/dev/tcp/${host}/6379 && printf 'PING\\r\\n' >&3 && IFS= read -r -t 3 answer <&3 && echo "$answer"`;

export const networkPolicy: Drill = {
  name: "network-policy",
  promise:
    "a pod without a NetworkPolicy for it can't reach Argo CD's Redis or the store, and Redis requires a password",
  needs: "platform",
  minutes: 1,
  inTest: true,
  run: async (see) => {
    const pods = (await kubectlJson<{ items: readonly Pod[] }>("get", "pods", "--all-namespaces")).items;
    const part = (name: string): Pod => {
      const pod = pods.find(({ metadata }) => metadata.labels["app.kubernetes.io/name"] === name);
      assert.ok(pod, `${name} has no pod`);
      return pod;
    };
    const redis = part("argocd-redis").status.podIP;

    const allowed = await fromPod(part("argocd-repo-server"), ping(redis));
    assert.match(allowed.output, /NOAUTH/, "Redis answered without asking for a password");
    see("the repo-server reaches Redis, and Redis asks for a password");

    // No policy restricts this pod's own traffic: the refusal comes from the target's policy.
    const outsider = part("sealed-secrets");
    for (const [where, address] of [
      ["Argo CD's Redis", redis],
      ["the store", part("store").status.podIP],
    ] as const) {
      const refused = await eventually(`a forbidden pod can't reach ${where}`, 20, async () => {
        const attempt = await fromPod(outsider, ping(address));
        assert.ok(!/NOAUTH|PONG/.test(attempt.output), `the connection was not refused: ${attempt.output}`);
        return attempt;
      });
      see(`the Sealed Secrets controller can't reach ${where}: ${lastLine(refused.value.output)}`);
    }
    const page = `exec 3<>/dev/tcp/${part("web").status.podIP}/9898 && echo open`;
    assert.match((await fromPod(outsider, page)).output, /open/);
    const api = await fromPod(part("web"), "exec 3<>/dev/tcp/10.96.0.1/443 && echo open");
    assert.ok(!api.output.includes("open"), "the web application can get out");
    see(`the web application's page is open to it; that application itself can't get out: ${lastLine(api.output)}`);
    assert.match(await kubectl("get", "networkpolicy", "-n", "argocd"), /argocd-redis-network-policy/);
    return "Redis answers the pods that its policy names, with a password";
  },
};

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}

/** Runs a script in a pod's network namespace, with the tools of its node. */
async function fromPod(pod: Pod, script: string): ReturnType<typeof on> {
  const container = pod.status.containerStatuses[0]?.containerID.replace("containerd://", "") ?? "";
  const inspect = `crictl inspect --output go-template --template '{{.info.pid}}' ${container}`;
  return on(
    pod.spec.nodeName,
    `nsenter --net --target "$(${inspect})" timeout 4 bash -c "${script.replaceAll(/(["$`\\])/g, "\\$1")}"`,
  );
}
