import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { paths, root } from "../../../scripts/lib/paths";
import { localTarget, pulumi, pulumiBinary, pulumiEnvironment } from "../../../scripts/lib/pulumi";
import { readOutputs } from "../../../scripts/local/platform/stack";
import { must, run, type Ran } from "../platform";
import type { Server } from "./server";

const STACK = "adopted";

/** A stack on ordered servers: the real program, with its state and stack file in one directory. */
export class AdoptedStack {
  private readonly file: string;
  private readonly environment: Record<string, string>;

  private constructor(directory: string) {
    this.file = join(directory, "Pulumi.adopted.yaml");
    this.environment = { ...pulumiEnvironment(), PULUMI_BACKEND_URL: `file://${join(directory, "state")}` };
  }

  /** Creates the stack. It uses the hub, the repository and the sealing key of the running platform. */
  static async create(directory: string): Promise<AdoptedStack> {
    const stack = new AdoptedStack(directory);
    mkdirSync(join(directory, "state"), { recursive: true });
    const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-adopted-"));
    try {
      writeFileSync(join(scratch, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
      const init = ["stack", "init", STACK, "--secrets-provider", "passphrase", "--non-interactive"];
      await must(pulumiBinary(), init, { cwd: scratch, env: stack.environment });
      writeFileSync(stack.file, readFileSync(join(scratch, `Pulumi.${STACK}.yaml`)));
    } finally {
      rmSync(scratch, { recursive: true });
    }
    return stack;
  }

  /** Writes the stack file. The first server is the control plane. */
  async configure(servers: readonly Server[]): Promise<void> {
    const { encryptionsalt } = parse(readFileSync(this.file, "utf8")) as { encryptionsalt: string };
    const local = (parse(readFileSync(join(root, "Pulumi.local.yaml"), "utf8")) as { config: Record<string, object> })
      .config;
    const { rootApplication } = await readOutputs();
    const own = {
      cluster: { name: STACK, conntrack: "kernel" },
      nodes: servers.map(({ name, address, hostKey }, index) => ({
        name,
        kind: "adopted",
        role: index === 0 ? "control-plane" : "worker",
        address,
        hostKey,
        // They share this computer's disk. Two clusters keep it busy, so the limits below are wide.
        hypervisor: "this-computer",
      })),
      diskGate: { limitMs: 200, stealWarnPercent: 50, stealLimitPercent: 100 },
      gitops: {
        ...local["gitops-platform:gitops"],
        hostKeys: [rootApplication.knownHosts.split(" ").slice(1).join(" ")],
      },
    };
    const kept = ["network", "versions", "artifacts", "ssh"];
    const config = Object.fromEntries([
      ...kept.map((key) => [`gitops-platform:${key}`, local[`gitops-platform:${key}`]]),
      ...Object.entries(own).map(([key, value]) => [`gitops-platform:${key}`, value]),
    ]) as object;
    writeFileSync(this.file, stringify({ encryptionsalt, config }));
    const pair = (half: string): string => `gitops-platform:sealingKeys[0].${half}`;
    for (const [half, kind] of [
      ["certificate", "--plaintext"],
      ["privateKey", "--secret"],
    ] as const) {
      const value = await pulumi(localTarget(), [
        "config",
        "get",
        "--config-file",
        paths.stackFile,
        "--path",
        pair(half),
      ]);
      await must(pulumiBinary(), ["config", "set", ...this.selected(), "--path", kind, pair(half)], {
        cwd: root,
        env: this.environment,
        stdin: "pipe",
        input: value,
      });
    }
  }

  up(): Promise<Ran> {
    return this.update("up");
  }

  destroy(): Promise<Ran> {
    return this.update("destroy");
  }

  async outputs<T>(): Promise<T> {
    const output = await must(pulumiBinary(), ["stack", "output", "--stack", STACK, "--json", "--show-secrets"], {
      env: this.environment,
    });
    return JSON.parse(output) as T;
  }

  private update(verb: "up" | "destroy"): Promise<Ran> {
    const flags = ["--yes", "--skip-preview", "--non-interactive", "--color", "never", "--suppress-outputs"];
    return run(pulumiBinary(), [verb, ...this.selected(), ...flags], { env: this.environment });
  }

  private selected(): readonly string[] {
    return ["--stack", STACK, "--config-file", this.file];
  }
}

/** The directory of the drill's stack. */
export const adoptedDirectory = join(paths.local, "adopted");
