import type { Answer } from "@gitops-platform/ssh/answer";
import type { SshSettings } from "@gitops-platform/ssh/settings";
import { type Exported, plain } from "./stack-state";

/**
 * When a remote step counts as hung. The official command plugin limits the TCP connection only: it waits for ever for a
 * server that takes a connection and sends nothing, and for one that is lost in the middle of a command.
 */
export interface Limits {
  /** A step is left alone for so long. */
  readonly quietMs: number;
  /** Between two looks at the steps that take longer. */
  readonly intervalMs: number;
  /** Longest wait for a machine's SSH banner. */
  readonly bannerSeconds: number;
  /** A machine may stay silent for so long. */
  readonly silentMs: number;
  /** A machine may be away for so long. The plugin's own 60 dials of 10 s, and the pauses between them, end before. */
  readonly awayMs: number;
  /** A step may take so long in all: the longest script (3600 s, a guest image over a slow line) and its dials. */
  readonly stepMs: number;
  /** Steps on other machines may take so long to finish once a hung step has ended the update. */
  readonly graceMs: number;
}

const MINUTE = 60_000;

export const LIMITS: Limits = {
  ...{ quietMs: MINUTE, intervalMs: 10_000, bannerSeconds: 10, silentMs: 2 * MINUTE, awayMs: 20 * MINUTE },
  ...{ stepMs: 90 * MINUTE, graceMs: 10 * MINUTE },
};

/** A step that runs, and how its machine has answered lately. */
export interface RunningStep {
  readonly name: string;
  readonly since: number;
  /** The last answer, and since when the machine has answered like that. */
  readonly answer?: Answer;
  readonly answerSince?: number;
}

/** Why a step counts as hung and what to do, as a sentence; undefined while it may still end. */
export function hungReason(step: RunningStep, now: number, limits: Limits = LIMITS): string | undefined {
  const { answer, answerSince = now, name, since } = step;
  const lasted = now - answerSince;
  if (answer?.state === "silent" && lasted >= limits.silentMs)
    return (
      `${name} — ${answer.where} takes connections but has sent no SSH banner for ${duration(lasted)}, and Pulumi's command ` +
      "plugin waits for that without a limit; look at its console (out of memory, a hung disk?) and restart it"
    );
  if (answer?.state === "away" && lasted >= limits.awayMs)
    return (
      `${name} — ${answer.where} has been away for ${duration(lasted)} (${answer.reason}), and Pulumi's command plugin waits ` +
      "for a lost machine without a limit; bring it back"
    );
  if (now - since >= limits.stepMs)
    return (
      `${name} — has run for ${duration(now - since)}, longer than any step may (its connection was lost, or its script ` +
      "hangs); look at the machine"
    );
  return undefined;
}

function duration(milliseconds: number): string {
  return milliseconds < 2 * MINUTE
    ? `${Math.round(milliseconds / 1000)} s`
    : `${Math.round(milliseconds / MINUTE)} min`;
}

/**
 * The connection of a step. The engine writes it to the state when the step begins.
 *
 * @param exported what `pulumi stack export --show-secrets` printed during the update
 */
export function connectionOf(urn: string, exported: string): SshSettings | undefined {
  const { deployment } = JSON.parse(exported) as Exported;
  const pending = deployment?.pending_operations?.map(({ resource }) => resource) ?? [];
  const found = [...pending, ...(deployment?.resources ?? [])].find((resource) => resource.urn === urn);
  const connection = plain(found?.inputs?.["connection"]) as Partial<SshSettings> | undefined;
  return connection?.host === undefined ? undefined : (connection as SshSettings);
}
