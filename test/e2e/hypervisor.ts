/** A hypervisor as somebody else's server: a local machine of its own with sshd, libvirt and QEMU, outside of the stack. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ed25519KeyPair } from "../../components/machines/ssh-key";
import { renderScript } from "../../components/remote/script";
import { paths, root } from "../../scripts/lib/paths";
import { must, on } from "./platform";

const MACHINE = join(root, "components/machines/local/machine.sh");

export interface HypervisorArgs {
  readonly name: string;
  /** On the platform's bridge, not a node's. */
  readonly address: string;
  readonly bridge: string;
  readonly networkCidr: string;
  /** This computer's own address there. */
  readonly hostAddress: string;
  readonly memoryMiB: number;
}

/** One such machine. It shares the platform's bridge, so that `npm stop` takes it away even after a drill that failed. */
export class Hypervisor {
  /** `ssh-ed25519 AAAA…`, known before its first start. */
  readonly hostKey: string;
  private readonly settings: string;

  constructor(readonly args: HypervisorArgs) {
    const { privateKeyOpenSsh, publicKeyOpenSsh } = ed25519KeyPair(randomBytes(32), args.name);
    this.hostKey = publicKeyOpenSsh.split(" ").slice(0, 2).join(" ");
    this.settings = renderScript("", {
      MACHINE_NAME: args.name,
      ADDRESS: args.address,
      STATE_DIRECTORY: paths.machines,
      BRIDGE: args.bridge,
      NETWORK_CIDR: args.networkCidr,
      HOST_ADDRESS: args.hostAddress,
      BASE_IMAGE: join(paths.mirror, "hypervisor", "base.img"),
      MEMORY_MIB: String(args.memoryMiB),
      DISK_GIB: "20",
      BINDS: "",
      HOST_PRIVATE_KEY: privateKeyOpenSsh,
      HOST_PUBLIC_KEY: this.hostKey,
      LOGIN_PUBLIC_KEY: readFileSync(join(paths.keys, "operator.pub"), "utf8").trim(),
    });
  }

  /** Makes it and waits for its sshd. */
  async create(): Promise<void> {
    await must("bash", [MACHINE, "apply"], { stdin: "pipe", input: this.settings });
  }

  /** Takes it away with everything on it. */
  async destroy(): Promise<void> {
    await must("bash", [MACHINE, "destroy"], { stdin: "pipe", input: this.settings });
  }

  async powerOff(): Promise<void> {
    await must("bash", [MACHINE, "power-off", this.args.name]);
  }

  async start(): Promise<void> {
    await must("bash", [MACHINE, "start", this.args.name]);
  }

  /** Runs a command on it, without SSH. @throws when it fails */
  async on(script: string): Promise<string> {
    const ran = await on(this.args.name, script);
    if (ran.exitCode !== 0) throw new Error(`${this.args.name}: ${script} ended with ${ran.exitCode}:\n${ran.output}`);
    return ran.output;
  }

  /** Names of all its guests, running or not. */
  async guests(): Promise<readonly string[]> {
    return words(await this.on("virsh list --all --name"));
  }

  /** Every file in the directories that something of a guest could be in. */
  async files(): Promise<readonly string[]> {
    return words(await this.on(`find ${GUEST_DIRECTORIES} -type f 2>/dev/null; true`));
  }
}

const GUEST_DIRECTORIES =
  "/var/lib/libvirt /var/log/libvirt /var/lib/gitops-platform /etc/gitops-platform /etc/libvirt/qemu";

function words(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .sort();
}
