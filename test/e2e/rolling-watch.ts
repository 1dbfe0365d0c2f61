import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { on } from "./platform";

interface Seen {
  /** Seconds since 1970. */
  readonly at: number;
  /** Nodes that take no pods, or are not Ready. */
  readonly away: readonly string[];
  /** Ready pods of the watched Deployment. */
  readonly ready: number;
}

/** One look at the cluster through a node's own API proxy: `{at, away, ready}`, or nothing while the API doesn't answer. */
const LOOK = `kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=4s get nodes,deployments --namespace default \\
  --output json | jq --compact-output '{at: now, away: [.items[] | select(.kind == "Node")
    | select(.spec.unschedulable or all(.status.conditions[]; .type != "Ready" or .status != "True")) | .metadata.name],
    ready: ([.items[] | select(.kind == "Deployment" and .metadata.name == "drill-web") | .status.readyReplicas // 0] | first)}'`;

/** Asks the API through the node's own proxy: a line with the time and the answer, five times a second. */
const PROBE =
  'while :; do printf "%s %s\\n" "$(date +%s.%N)" "$(curl -sk --max-time 2 https://127.0.0.1:7443/readyz)" ' +
  ">>/run/drill-probe; sleep 0.2; done";

/** Watches a cluster while its nodes have their turns. */
export class RollingWatch {
  private readonly seen: Seen[] = [];
  private readonly voters: number[] = [];
  private going = true;
  private readonly loop: Promise<void>;

  private constructor(
    private readonly controlPlanes: readonly string[],
    private readonly observer: string,
  ) {
    this.loop = this.watch();
  }

  /**
   * @param observer the control plane whose proxy and files are used; it is also one of the nodes
   * @param prober the node whose own API proxy is asked five times a second
   */
  static async begin(controlPlanes: readonly string[], observer: string, prober: string): Promise<RollingWatch> {
    // In a file: systemd-run has expansions of its own for `$` and `%`.
    const started = await on(
      prober,
      `rm -f /run/drill-probe; cat >/run/drill-probe.sh <<'SH'\n${PROBE}\nSH\n` +
        "systemd-run --quiet --collect --unit=drill-probe bash /run/drill-probe.sh",
    );
    assert.equal(started.exitCode, 0, started.output);
    return new RollingWatch(controlPlanes, observer);
  }

  private async watch(): Promise<void> {
    while (this.going) {
      const [looked, ...members] = await Promise.all([
        on(this.observer, LOOK),
        // A machine that is gone has no vote.
        ...this.controlPlanes.map((name) =>
          on(name, "curl -s --max-time 2 http://127.0.0.1:2381/health").catch(() => ({ output: "" })),
        ),
      ]);
      if (looked.exitCode === 0 && looked.output.trim().startsWith("{"))
        this.seen.push(JSON.parse(looked.output) as Seen);
      this.voters.push(members.filter(({ output }) => output.includes('"health":"true"')).length);
      await sleep(1000);
    }
  }

  /** Ends the watch. @returns what the worst moments were */
  async end(prober: string): Promise<RollingFacts> {
    this.going = false;
    await this.loop;
    const probed = await on(prober, "systemctl stop drill-probe; cat /run/drill-probe");
    const answers = probed.output
      .split("\n")
      .filter((line) => line.endsWith(" ok"))
      .map((line) => Number(line.split(" ")[0]));
    assert.ok(answers.length > 100, `the probe of the API answered ${answers.length} times: the watch is blind`);
    assert.ok(this.seen.length > 20, `the cluster was seen ${this.seen.length} times: the watch is blind`);
    assert.ok(answers.every(Number.isFinite), `the probe's times can't be read: ${probed.output.slice(0, 100)}`);
    const gaps = answers.slice(1).map((at, index) => at - (answers[index] ?? at));
    return {
      samples: this.seen.length,
      mostAway: this.seen.reduce<readonly string[]>(
        (worst, { away }) => (away.length > worst.length ? away : worst),
        [],
      ),
      order: [...new Set(this.seen.flatMap(({ away }) => away))],
      fewestReady: Math.min(...this.seen.map(({ ready }) => ready)),
      fewestVoters: Math.min(...this.voters),
      longestGapSeconds: Math.max(...gaps),
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
  /** Longest time without an answer of the API, through a node's own proxy. */
  readonly longestGapSeconds: number;
}
