import { execa } from "execa";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { engineEnvironment, pulumiBinary } from "../../scripts/lib/pulumi";
import { root } from "../../scripts/lib/paths";
import type { StackAccess } from "../../scripts/stack/access/stack-access";
import { artifactList } from "../fixtures/artifacts";
import { makeLoginKey, makeSealingPair } from "../fixtures/keys";
import { testedStackFile } from "../stacks/stack-file";
import { pretendHome } from "./pretend-home";

const PROJECT = "gitops-platform";
const CONTROL_PLANES = 3;

export interface SiteNode {
  name: string;
  role: string;
  address: string;
  [key: string]: unknown;
}

/** The parts of a stack file that a test changes. */
export interface SiteConfig {
  nodes: SiteNode[];
  versions: Record<string, string>;
  diskGate: Record<string, unknown>;
  [section: string]: unknown;
}

/** The secrets that a site's configuration holds, in clear. */
export interface SiteSecrets {
  login: string;
  deploy: string;
  sealing: string;
}

/**
 * A site that only exists on paper, with a stack of its own in a backend of its own: the real program, the real engine,
 * the stack file as it is given with keys made for it, and plugins that touch nothing.
 */
export class Site {
  private constructor(
    readonly directory: string,
    readonly stack: string,
    readonly env: Record<string, string>,
    readonly config: SiteConfig,
    readonly secrets: SiteSecrets,
    private readonly salt: string,
  ) {}

  /** @param backend where the state is kept. @default a folder of the site */
  static async make(stack: string, backend?: string): Promise<Site> {
    const directory = mkdtempSync(join(tmpdir(), "gitops-platform-site-"));
    mkdirSync(join(directory, "state"));
    await pretendHome(join(directory, "home"));
    const env = {
      ...engineEnvironment(),
      PULUMI_HOME: join(directory, "home"),
      PULUMI_BACKEND_URL: backend ?? `file://${join(directory, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase for a test",
    };
    writeFileSync(join(directory, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
    await execa(pulumiBinary(), ["stack", "init", stack, "--secrets-provider", "passphrase"], { cwd: directory, env });
    const { encryptionsalt } = parse(readFileSync(join(directory, `Pulumi.${stack}.yaml`), "utf8")) as {
      encryptionsalt: string;
    };
    const file = parse(readFileSync(testedStackFile(stack), "utf8")) as { config: Record<string, object> };
    const config = Object.fromEntries(
      Object.entries(file.config).map(([key, value]) => [key.slice(PROJECT.length + 1), value]),
    ) as SiteConfig;
    const [login, deploy, sealing] = [makeLoginKey(), makeLoginKey(), await makeSealingPair()];
    const secrets = { login: login.privateKey, deploy: deploy.privateKey, sealing: sealing.privateKey };
    const site = new Site(directory, stack, env, config, secrets, encryptionsalt);
    config.sealingKeys = [{ certificate: sealing.certificate }];
    await site.writeConfig();
    return site;
  }

  get configFile(): string {
    return join(this.directory, `site.${this.stack}.yaml`);
  }

  /** Writes the stack file as `config` and `secrets` say now, with its secrets encrypted and its downloads pinned. */
  async writeConfig(): Promise<void> {
    const list = join(this.directory, "artifacts.json");
    writeFileSync(list, JSON.stringify(artifactList(this.config.versions)));
    const section = (name: string): Record<string, unknown> => this.config[name] as Record<string, unknown>;
    const config: Record<string, unknown> = {
      ...this.config,
      ssh: { ...section("ssh"), privateKeyFile: undefined },
      gitops: { ...section("gitops"), deployKeyFile: undefined },
      artifacts: { ...section("artifacts"), list },
    };
    const prefixed = Object.entries(config).map(([key, value]) => [`${PROJECT}:${key}`, value]);
    const text = stringify({ encryptionsalt: this.salt, config: Object.fromEntries(prefixed) as object });
    writeFileSync(this.configFile, text);
    const set = ["config", "set", "--stack", this.stack, "--config-file", this.configFile, "--secret", "--path"];
    for (const [path, input] of [
      ["ssh.privateKey", this.secrets.login],
      ["gitops.deployKey", this.secrets.deploy],
      ["sealingKeys[0].privateKey", this.secrets.sealing],
    ] as const)
      await execa(pulumiBinary(), [...set, `${PROJECT}:${path}`], { cwd: root, env: this.env, input });
  }

  /** So many guests on the stack file's hypervisors: three control planes, fewer of which its rules refuse, and workers. */
  async setMachines(count: number): Promise<void> {
    const { nodes } = this.config;
    const hypervisors = [...new Set(nodes.map(({ hypervisor }) => hypervisor))];
    this.config.nodes = Array.from({ length: count }, (_, index) => ({
      ...nodes[0],
      name: `${this.stack}-${index < CONTROL_PLANES ? "cp" : "worker"}-${index < CONTROL_PLANES ? index + 1 : index + 1 - CONTROL_PLANES}`,
      role: index < CONTROL_PLANES ? "control-plane" : "worker",
      address: `198.51.100.${index + 11}`,
      hypervisor: hypervisors[index % hypervisors.length],
    }));
    await this.writeConfig();
  }

  /**
   * Runs a Pulumi command that reads the stack's configuration.
   *
   * @returns what it printed, whatever its exit code
   */
  async pulumi(
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{ exitCode: number; stdout: string; stderr: string; seconds: number }> {
    const begin = performance.now();
    const flags = ["--stack", this.stack, "--config-file", this.configFile, "--non-interactive", "--color", "never"];
    const { exitCode, stdout, stderr } = await execa(pulumiBinary(), [...args, ...flags], {
      ...{ cwd: root, env: { ...this.env, ...env }, reject: false, stdin: "ignore" },
    });
    return { exitCode, stdout, stderr, seconds: (performance.now() - begin) / 1000 };
  }

  /** What the commands of scripts/local reach the stack with. */
  access(env: Record<string, string> = {}): StackAccess {
    const args = ["--stack", this.stack, "--config-file", this.configFile];
    return { stack: this.stack, args, env: { ...this.env, ...env } };
  }

  /** @throws with what Pulumi printed, when the stack does not come up */
  async up(): Promise<void> {
    const { exitCode, stdout, stderr } = await this.pulumi(["up", "--yes", "--skip-preview"]);
    if (exitCode !== 0) throw new Error(`pulumi up ended with ${exitCode}:\n${stdout}\n${stderr}`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
