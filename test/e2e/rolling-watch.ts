import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { on, type Ran } from "./platform";

interface Seen {
  /** Seconds since 1970. */
  readonly at: number;
  /** Nodes that take no pods, or are not Ready. */
  readonly away: readonly string[];
  /** Ready pods of the watched Deployment. */
  readonly ready: number;
}

/** One look at the cluster through a control plane's own API proxy: `{at, away, ready}`, or nothing while the API doesn't answer. */
const LOOK = `kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=4s get nodes,deployments --namespace default \\
  --output json | jq --compact-output '{at: now, away: [.items[] | select(.kind == "Node")
    | select(.spec.unschedulable or all(.status.conditions[]; .type != "Ready" or .status != "True")) | .metadata.name],
    ready: ([.items[] | select(.kind == "Deployment" and .metadata.name == "drill-web") | .status.readyReplicas // 0] | first)}'`;

/** Asks the API through the node's own proxy: a line with the time and the answer, five times a second. */
const PROBE =
  'while :; do printf "%s %s\\n" "$(date +%s.%N)" "$(curl -sk --max-time 2 https://127.0.0.1:7443/readyz)" ' +
  ">>/run/drill-probe; sleep 0.2; done";

/** Runs a command in a machine that may be down at the moment. */
async function tryOn(machine: string, script: string): Promise<Pick<Ran, "exitCode" | "output">> {
  return on(machine, script).catch((error: unknown) => ({ exitCode: 1, output: String(error) }));
}

/** Watches a cluster while its nodes have their turns. */
export class RollingWatch {
  private readonly seen: Seen[] = [];
  private readonly voters: number[] = [];
  private going = true;
  private readonly loop: Promise<void>;

  private constructor(
    private readonly controlPlanes: readonly string[],
    private readonly prober: string | undefined,
  ) {
    this.loop = this.watch();
  }

  /** @param prober the node whose own API proxy is asked five times a second; it must not restart. @default none */
  static async begin(controlPlanes: readonly string[], prober?: string): Promise<RollingWatch> {
    if (prober === undefined) return new RollingWatch(controlPlanes, prober);
    // In a file: systemd-run has expansions of its own for `$` and `%`.
    const started = await on(
      prober,
      `rm -f /run/drill-probe; cat >/run/drill-probe.sh <<'SH'\n${PROBE}\nSH\n` +
        "systemd-run --quiet --collect --unit=drill-probe bash /run/drill-probe.sh",
    );
    assert.equal(started.exitCode, 0, started.output);
    return new RollingWatch(controlPlanes, prober);
  }

  private async watch(): Promise<void> {
    while (this.going) {
      const [looked, ...members] = await Promise.all([
        this.look(),
        // A machine that is gone has no vote.
        ...this.controlPlanes.map((name) => tryOn(name, "curl -s --max-time 2 http://127.0.0.1:2381/health")),
      ]);
      if (looked !== undefined) this.seen.push(looked);
      this.voters.push(members.filter(({ output }) => output.includes('"health":"true"')).length);
      await sleep(1000);
    }
  }

  /** As the last control plane sees it, or another one while that is down. */
  private async look(): Promise<Seen | undefined> {
    for (const name of [...this.controlPlanes].reverse()) {
      const { exitCode, output } = await tryOn(name, LOOK);
      if (exitCode === 0 && output.trim().startsWith("{")) return JSON.parse(output) as Seen;
    }
    return undefined;
  }

  /** The longest time between two answers to the prober. */
  private async longestGap(prober: string): Promise<number> {
    const probed = await on(prober, "systemctl stop drill-probe; cat /run/drill-probe");
    // An API server that is not ready lists its checks instead, each in a line that may end in "ok" too.
    const answers = [...probed.output.matchAll(/^(\d+\.\d+) ok$/gm)].map(([, at]) => Number(at));
    assert.ok(answers.length > 100, `the probe of the API answered ${answers.length} times: the watch is blind`);
    return Math.max(...answers.slice(1).map((at, index) => at - (answers[index] ?? at)));
  }

  /** Ends the watch. @returns what the worst moments were */
  async end(): Promise<RollingFacts> {
    this.going = false;
    await this.loop;
    assert.ok(this.seen.length > 20, `the cluster was seen ${this.seen.length} times: the watch is blind`);
    return {
      samples: this.seen.length,
      mostAway: this.seen.reduce<readonly string[]>(
        (worst, { away }) => (away.length > worst.length ? away : worst),
        [],
      ),
      order: [...new Set(this.seen.flatMap(({ away }) => away))],
      fewestReady: Math.min(...this.seen.map(({ ready }) => ready)),
      fewestVoters: Math.min(...this.voters),
      secondsAway: (node) => longestStretch(this.seen, node),
      longestGapSeconds: this.prober === undefined ? NaN : await this.longestGap(this.prober),
    };
  }
}

export interface RollingFacts {
  readonly samples: number;
  /** The nodes that were away at the same moment, when most were. */
  readonly mostAway: readonly string[];
  /** Nodes in the order in which they were first away. */
  readonly order: readonly string[];
  /** Of the watched Deployment's pods. */
  readonly fewestReady: number;
  /** Healthy etcd members. */
  readonly fewestVoters: number;
  /** Between the first and the last look at which the node was away, of the longest time that it was. */
  readonly secondsAway: (node: string) => number;
  /** Longest time without an answer of the API, through the prober's own proxy; NaN without one. */
  readonly longestGapSeconds: number;
}

function longestStretch(seen: readonly Seen[], node: string): number {
  let since: number | undefined;
  let longest = 0;
  for (const { at, away } of seen) {
    since = away.includes(node) ? (since ?? at) : undefined;
    if (since !== undefined) longest = Math.max(longest, at - since);
  }
  return longest;
}
