import type { Step } from "./digest";

/* A remote step may say in clear what its script, which can be secret, is about: behind a ` # ` in what it runs. */

/** `create`, `update` or `delete` of a command, taken apart. */
interface CommandLine {
  readonly command: string;
  /** What it says of itself: `on hv-1: 4 vCPUs, 8192 MiB`; unset where it says nothing. */
  readonly facts?: string;
}

/** Takes what a command runs apart (components/remote/remote-step.ts). Behind a `;` stands what a change would do. */
export function commandLine(text: string): CommandLine {
  const begin = text.indexOf(" # ");
  if (begin < 0) return { command: text };
  return { command: text.slice(0, begin), facts: (text.slice(begin + 3).split(";")[0] ?? "").trim() };
}

const GUEST = /^on (?<hypervisor>\S+): (?<sizes>.+)$/;

/** What a step says about a guest that it changes, in two ways. */
interface GuestChange {
  /** `4 vCPUs, 8192 MiB`. */
  readonly sizes: readonly [before: string, after: string];
  readonly hypervisor: readonly [before: string, after: string];
}

/** What changes of a guest (components/machines/libvirt-machine.ts); nothing where the step is about none, or says the same. */
export function guestChange({ oldState, newState }: Step): GuestChange | undefined {
  const [before, after] = [oldState, newState].map((state) => {
    const create = state?.inputs?.create;
    return typeof create === "string" ? GUEST.exec(commandLine(create).facts ?? "")?.groups : undefined;
  });
  if (!before || !after) return undefined;
  const pair = (name: string): readonly [string, string] => [before[name] ?? "", after[name] ?? ""];
  const change = { sizes: pair("sizes"), hypervisor: pair("hypervisor") };
  return Object.values(change).some(([from, to]) => from !== to) ? change : undefined;
}
