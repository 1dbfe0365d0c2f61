import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { paths } from "../../scripts/lib/paths";
import { pulumiBinary, pulumiEnvironment } from "../../scripts/lib/pulumi";

export interface Preview {
  readonly exitCode: number;
  /** Everything that Pulumi printed. */
  readonly output: string;
}

/** A Pulumi project with a stack of its own, in a backend that goes when the tests end. */
export class Project {
  private readonly scratch = mkdtempSync(join(tmpdir(), "gitops-platform-policy-"));
  readonly stackFile = join(this.scratch, "stack.yaml");

  private constructor(
    private readonly directory: string,
    private readonly stack: string,
  ) {}

  /** @param config the stack's configuration, by the keys of a stack file */
  static async create(directory: string, stack: string, config: object = {}): Promise<Project> {
    const project = new Project(directory, stack);
    const state = join(project.scratch, "state");
    mkdirSync(state);
    // `stack init` writes beside the Pulumi.yaml that it finds: not ours.
    writeFileSync(join(project.scratch, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
    await execa(pulumiBinary(), ["stack", "init", stack, "--non-interactive", "--secrets-provider", "passphrase"], {
      cwd: project.scratch,
      env: project.environment,
    });
    const salted = parse(readFileSync(join(project.scratch, `Pulumi.${stack}.yaml`), "utf8")) as object;
    writeFileSync(project.stackFile, stringify({ ...salted, config }));
    return project;
  }

  private get environment(): Record<string, string> {
    const { PULUMI_CONFIG_PASSPHRASE_FILE: _file, ...rest } = pulumiEnvironment();
    return { ...rest, PULUMI_BACKEND_URL: `file://${join(this.scratch, "state")}`, PULUMI_CONFIG_PASSPHRASE: "tests" };
  }

  /** A preview that keeps the rules; `settings` is what a site has in policy/settings. */
  async preview(env: Record<string, string> = {}, settings?: object): Promise<Preview> {
    const file = join(this.scratch, "settings.json");
    if (settings) writeFileSync(file, JSON.stringify(settings));
    const { all, exitCode } = await execa(
      pulumiBinary(),
      [
        ...["preview", "--stack", this.stack, "--config-file", this.stackFile, "--non-interactive", "--color", "never"],
        ...["--policy-pack", join(paths.root, "policy", "pack.js")],
        ...(settings ? ["--policy-pack-config", file] : []),
      ],
      { cwd: this.directory, env: { ...this.environment, ...env }, all: true, reject: false },
    );
    return { exitCode, output: all ?? "" };
  }

  remove(): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
