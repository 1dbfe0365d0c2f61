import { nameOf } from "../../components/tokens";
import { redacted } from "@gitops-platform/cli/redaction";
import { withCure } from "./ssh-failures";

/** The parts of Pulumi's engine events (`--event-log`, one JSON object a line) that the commands read. */
export interface EngineEvent {
  readonly timestamp: number;
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
  readonly diagnosticEvent?: {
    readonly urn?: string;
    readonly message: string;
    readonly severity: string;
    readonly ephemeral?: boolean;
  };
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
}

interface Description {
  readonly line?: string;
  readonly error?: string;
  readonly changed?: boolean;
}

const PAST_TENSE: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  "create-replacement": "created anew",
  "delete-replaced": "deleted the old",
};

/**
 * The line or the error that an event is for a person, redacted; with the seconds that the resource took. Components,
 * providers and unchanged resources give nothing.
 */
export function describeEvent(
  event: EngineEvent,
  started: Map<string, number>,
  now: () => number = () => performance.now() / 1000,
): Description | undefined {
  const diagnostic = event.diagnosticEvent;
  if (diagnostic) {
    if (diagnostic.severity !== "error" || diagnostic.ephemeral) return undefined;
    const error = meaningOf(diagnostic.message, diagnostic.urn);
    return error ? { error: redacted(error) } : undefined;
  }
  if (event.resourcePreEvent) {
    const { op, urn, type } = event.resourcePreEvent.metadata;
    if (op === "same" || op === "read" || isInternal(type)) return undefined;
    started.set(urn, now());
    return undefined;
  }
  const done = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
  if (!done) return undefined;
  const begin = started.get(done.urn);
  if (begin === undefined || isInternal(done.type)) return undefined;
  started.delete(done.urn);
  const seconds = now() - begin;
  if (event.resOpFailedEvent) return { line: `failed   ${nameOf(done.urn)} (${seconds.toFixed(1)} s)` };
  const verb = PAST_TENSE[done.op] ?? done.op;
  return { line: `${verb}  ${nameOf(done.urn)} (${seconds.toFixed(1)} s)`, changed: true };
}

/** A resource that takes longer, in seconds, is reported before it is done. */
const LONG_SECONDS = 30;

/** Keeps the last state that the plugin printed for a resource in work. */
export function noteState({ diagnosticEvent }: EngineEvent, states: Map<string, string>): void {
  // At the level "debug" the kubernetes plugin repeats an object's old events.
  if (!diagnosticEvent?.ephemeral || !diagnosticEvent.urn || diagnosticEvent.severity === "debug") return;
  const { urn } = diagnosticEvent;
  const state = redacted(diagnosticEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim());
  // Of several conditions, one that is met doesn't end the wait: the other one stays the reason.
  const met = /^Found (\S+)$/.exec(state)?.[1];
  if (met === undefined) states.set(urn, state);
  else if (states.get(urn)?.startsWith(`Waiting for ${met}`)) states.delete(urn);
}

/** One line for each resource that is taking long: `waiting  root-application (62 s): need {.status.health.status}=Healthy (found "Progressing")`. */
export function describeLong(
  started: ReadonlyMap<string, number>,
  states: ReadonlyMap<string, string>,
  now = performance.now() / 1000,
): string[] {
  const long = [...started].filter(([, begin]) => now - begin >= LONG_SECONDS);
  return long.map(([urn, begin]) => {
    const state = states.get(urn)?.replace(/^Waiting for /, "need ");
    return `waiting  ${nameOf(urn)} (${(now - begin).toFixed(0)} s)${state ? `: ${state}` : ""}`;
  });
}

function isInternal(type: string): boolean {
  return type.startsWith("pulumi:") || type.startsWith("gitops-platform:") || type.startsWith("kubernetes:yaml:");
}

/**
 * The sentence that a failed step printed, without the command plugin's frame and the text of the command. Any other
 * error, for example of a connection, gets the resource's name.
 */
function meaningOf(message: string, urn: string | undefined): string | undefined {
  const text = message.replaceAll(/<\{%.*?%\}>/g, "").trim();
  if (text === "update failed" || text === "preview failed" || text === "destroy failed") return undefined;
  // The program repeats the failure of a step when the update goes on with the others; the step has given the reason.
  if (/^(?:Running program [\s\S]* |Error: )resource \S+ \[[^\]]+\] failed to register\b/.test(text)) return undefined;
  const sentence = text.split("\n").filter((line) => /^\[[\w-]+\] /.test(line.trim()));
  if (sentence.length > 0) return sentence.map((line) => line.trim()).join("\n");
  return urn === undefined || urn === "" || urn.includes("pulumi:pulumi:Stack::")
    ? text
    : `${nameOf(urn)}: ${withCure(withoutFrame(text))}`;
}

/** What the kubernetes plugin writes around a reason: the URN once more, and advice to forget a resource. */
const FRAMES: readonly (readonly [RegExp, string])[] = [
  [/^1 error occurred:\s+\* /, ""],
  [/resource "?urn:\S+ was successfully created, but the Kubernetes API server reported that it failed to /, "didn't "],
  [/the Kubernetes API server reported that "[^"]*" failed to /, "didn't "],
  [/ If the cluster was deleted, [\s\S]*PULUMI_K8S_DELETE_UNREACHABLE[\s\S]*$/, ""],
];

function withoutFrame(text: string): string {
  return FRAMES.reduce((shorter, [frame, words]) => shorter.replace(frame, words), text);
}
