/** A hypervisor outside the stack: a local machine with sshd, libvirt and QEMU. */
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
  /** An address on the platform's bridge that no node has. */
  readonly address: string;
  readonly bridge: string;
  readonly networkCidr: string;
  /** This computer's address on the bridge. */
  readonly hostAddress: string;
  readonly memoryMiB: number;
}

/** One such machine. It is on the platform's bridge, so that `npm stop` removes it after a failed drill. */
export class Hypervisor {
  /** `ssh-ed25519 AAAA…`, known before the first start. */
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

  /** Creates the machine and waits for its sshd. */
  async create(): Promise<void> {
    await must("bash", [MACHINE, "apply"], { stdin: "pipe", input: this.settings });
  }

  /** Deletes the machine with everything on it. */
  async destroy(): Promise<void> {
    await must("bash", [MACHINE, "destroy"], { stdin: "pipe", input: this.settings });
  }

  async powerOff(): Promise<void> {
    await must("bash", [MACHINE, "power-off", this.args.name]);
  }

  async start(): Promise<void> {
    await must("bash", [MACHINE, "start", this.args.name]);
  }

  /** Runs a command on the machine, without SSH. @throws when it fails */
  async on(script: string): Promise<string> {
    const ran = await on(this.args.name, script);
    if (ran.exitCode !== 0) throw new Error(`${this.args.name}: ${script} ended with ${ran.exitCode}:\n${ran.output}`);
    return ran.output;
  }

  /** The names of all guests, running or not. */
  async guests(): Promise<readonly string[]> {
    return words(await this.on("virsh list --all --name"));
  }

  /** Every file in the directories that could hold a part of a guest. */
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
