import { answerOf } from "@gitops-platform/ssh/answer";
import type { SshSettings } from "@gitops-platform/ssh/settings";
import { nameOf, REMOTE_COMMAND } from "../../components/tokens";
import type { EngineEvent } from "./events";
import { connectionOf, hungReason, LIMITS, type Limits, type RunningStep } from "./hung-step";
import { descendants, signal } from "./process-tree";

const COMMAND = /^command:(local|remote):Command$/;

/** A command of the update; those on machines are looked at, and all are waited for. */
interface Watched extends RunningStep {
  readonly type: string;
  /** Unset until it has been asked for; null where the state has none. */
  readonly connection?: SshSettings | null;
}

/**
 * Ends an update that hangs on a machine. The command plugin ignores timeouts and cancellation while it waits for a
 * server, so the bound is kept from outside: a step that takes long has its machine asked for an SSH banner, and
 * `hungReason` decides. Then the update is cancelled, steps on other machines finish, and Pulumi is terminated, which
 * unlocks the stack. The next update continues there.
 */
export class Watchdog {
  /** Why the update was ended, a sentence for each hung step. */
  readonly reasons: string[] = [];
  private readonly steps = new Map<string, Watched>();
  private readonly hung = new Set<string>();
  private pid: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private cancelled: number | undefined;
  private terminated: number | undefined;
  /** What the CLI had started when it was terminated. */
  private started: readonly number[] = [];

  /**
   * @param exportState `pulumi stack export --show-secrets` of the stack that is updated
   * @param report takes one line at a time
   */
  constructor(
    private readonly exportState: () => Promise<string>,
    private readonly report: (line: string) => void,
    private readonly limits: Limits = LIMITS,
  ) {}

  /** @param pid of the CLI that runs the update */
  start(pid: number): void {
    this.pid = pid;
    this.timer = setInterval(() => void this.look(), this.limits.intervalMs);
  }

  /** The update has ended; a plugin that still waits for a hung machine does not outlive it. */
  stop(): void {
    clearInterval(this.timer);
    this.pid = undefined;
    for (const pid of this.started) signal(pid, "SIGKILL");
  }

  /** Takes every event of the update. */
  note({ resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
    const begun = resourcePreEvent?.metadata;
    if (begun && COMMAND.test(begun.type) && begun.op !== "same" && begun.op !== "read")
      this.steps.set(begun.urn, {
        ...{ name: nameOf(begun.urn), type: begun.type, since: performance.now() },
      });
    const ended = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata;
    if (ended) this.steps.delete(ended.urn);
  }

  private async look(): Promise<void> {
    if (this.looking || this.pid === undefined) return;
    this.looking = true;
    try {
      if (this.cancelled === undefined) await this.lookAtMachines();
      else this.finish(this.pid, this.cancelled);
    } finally {
      this.looking = false;
    }
  }

  private async lookAtMachines(): Promise<void> {
    const long = [...this.steps].filter(
      ([, { since, type }]) => type === REMOTE_COMMAND && performance.now() - since >= this.limits.quietMs,
    );
    await Promise.all(long.map(([urn, step]) => this.ask(urn, step)));
    for (const [urn] of long) {
      const step = this.steps.get(urn);
      const reason = step && hungReason(step, performance.now(), this.limits);
      if (reason === undefined) continue;
      this.hung.add(urn);
      this.reasons.push(`${reason}, then run the same command again: what was done is kept`);
    }
    if (this.hung.size === 0 || this.pid === undefined) return;
    this.reasons.forEach(this.report);
    this.report("ending the update; steps on other machines finish first");
    this.cancelled = performance.now();
    signal(this.pid, "SIGINT");
  }

  private async ask(urn: string, step: Watched): Promise<void> {
    const connection = step.connection === undefined ? await this.connection(urn) : step.connection;
    const answer = connection ? await answerOf(connection, this.limits.bannerSeconds) : undefined;
    // The step may have ended meanwhile, or begun again.
    if (this.steps.get(urn)?.since !== step.since) return;
    const changed = answer?.state !== step.answer?.state;
    this.steps.set(urn, { ...step, connection, answer, answerSince: changed ? performance.now() : step.answerSince });
    if (changed && answer && answer.state !== "answers")
      this.report(`waiting  ${step.name}: ${answer.where} is ${answer.state} (${answer.reason})`);
  }

  /** A state that can't be read leaves the step its longest limit. */
  private async connection(urn: string): Promise<SshSettings | null> {
    try {
      return connectionOf(urn, await this.exportState()) ?? null;
    } catch {
      return null;
    }
  }

  /** The second signal makes the engine leave what it waits for; what is left after a while is killed. */
  private finish(pid: number, cancelled: number): void {
    const now = performance.now();
    const others = [...this.steps.keys()].some((urn) => !this.hung.has(urn));
    if (this.terminated === undefined) {
      if (others && now - cancelled < this.limits.graceMs) return;
      this.terminated = now;
      this.started = descendants(pid);
      signal(pid, "SIGINT");
      return;
    }
    if (now - this.terminated < this.limits.intervalMs) return;
    this.reasons.push(
      "Pulumi did not end by itself and was killed, which leaves the stack locked; npm run recover unlocks it",
    );
    signal(pid, "SIGKILL");
    this.stop();
  }
}
