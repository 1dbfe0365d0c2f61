import * as pulumi from "@pulumi/pulumi";
import { SIGNATURE } from "../../../scripts/lib/stack-state";

/** A resource as the program registered it. */
export interface Registered {
  readonly name: string;
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

/** Every resource that was registered, in order. */
export const registered: Registered[] = [];

/** Answers in place of the engine and remembers what it was asked for. Call before anything is constructed. */
export async function record(): Promise<void> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs: given }) => {
        const inputs = given as Record<string, unknown>;
        registered.push({ name, type, inputs });
        const made = type === "random:index/randomPassword:RandomPassword";
        return { id: `${name}-id`, state: made ? { ...inputs, ...passwords(name) } : inputs };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    "gitops-platform",
    "test",
    false,
  );
}

function passwords(name: string): Record<string, string> {
  return { result: `${name}-result`, bcryptHash: `${name}-hash` };
}

/** What is inside an input that the program marked as secret; an error if it didn't. */
export function secretValue(input: unknown): unknown {
  const marked = (input ?? {}) as { readonly [SIGNATURE]?: string; readonly value?: unknown };
  if (marked[SIGNATURE] !== SECRET) throw new Error("the input isn't marked as secret");
  return marked.value;
}

/** How the engine's protocol marks a secret. */
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The value of an output, and whether the program treats it as a secret. */
export async function reveal<T>(output: pulumi.Output<T>): Promise<{ readonly value: T; readonly secret: boolean }> {
  const secret = await pulumi.isSecret(output);
  return new Promise((resolve) => pulumi.unsecret(output).apply((value) => resolve({ value, secret })));
}
