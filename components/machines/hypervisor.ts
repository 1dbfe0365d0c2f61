import * as pulumi from "@pulumi/pulumi";
import type { Connection, Endpoint, Host } from "../remote/host";
import { RemoteStep } from "../remote/remote-step";
import type { Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";

/** The image that guests start from. */
export interface GuestImage {
  /** An http(s) URL, or an absolute path on the hypervisor. */
  readonly location: string;
  readonly checksum: { readonly algorithm: "sha256" | "sha512"; readonly hex: string };
  readonly format: "raw" | "qcow2";
}

export interface HypervisorArgs {
  /** IP address or DNS name. */
  readonly address: string;
  readonly port: number;
  /** Anything but root needs password-less sudo. */
  readonly user: string;
  /** Public host key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** The server through which the hypervisor and its guests are reached, with the same key. @default none */
  readonly bastion?: {
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly hostKey: string;
  };
  /** OpenSSH private key that logs in (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** What guests are connected to. */
  readonly attachment: { readonly kind: "bridge" | "network"; readonly name: string };
  /** Where disks are: a directory, or a storage pool that keeps its volumes as files. */
  readonly storage:
    { readonly kind: "directory"; readonly path: string } | { readonly kind: "pool"; readonly name: string };
  /** `auto` takes KVM where a trial shows that it works, and emulation otherwise. */
  readonly domainType: "auto" | "kvm" | "qemu";
  /** Whether guests may be emulated in software. */
  readonly allowEmulation: boolean;
  /** How many disks are copied from the image at a time. */
  readonly parallelCopies: number;
  readonly image: GuestImage;
  /** The ownership marker: `<project>/<stack>/<cluster>`. */
  readonly stackId: string;
}

/** What check-hypervisor.sh prints. */
interface Findings {
  readonly domainType: "kvm" | "qemu";
  readonly storageDirectory: string;
}

/** Ten attempts take 12 s on a refused port and 100 s on a dead one: a hypervisor is there, or it is down. */
const DIAL_ATTEMPTS = 10;

/**
 * A Debian server that runs guests. It is checked before anything is changed on it, all findings at once, and fetches
 * the image once. A failure names it, because its steps are named after it, and stops its own guests only.
 *
 * Deleting it takes the image away, unless another stack uses it; the server stays as it is.
 *
 * @example
 * new Hypervisor("hv-1", { address: "192.0.2.1", hostKey, privateKey, attachment, storage, image, stackId });
 */
export class Hypervisor extends pulumi.ComponentResource implements Host {
  readonly connection: Connection;
  readonly identity: string;
  readonly ready: readonly pulumi.Resource[];
  /** What guests run as. */
  readonly domainType: pulumi.Output<"kvm" | "qemu">;
  /** Absolute path of the directory that holds the disks. */
  readonly storageDirectory: pulumi.Output<string>;
  /** Absolute path of the verified image. */
  readonly imageFile: pulumi.Output<string>;
  /** What guests need to know of it; the rest of the arguments holds the login key. */
  readonly guests: Pick<HypervisorArgs, "attachment" | "parallelCopies"> & Pick<GuestImage, "format">;

  constructor(
    readonly name: string,
    args: HypervisorArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    const steps: Steps = {
      [`${name}-check`]: { step: "check", summary: "checks that the server can run guests" },
      [`${name}-image`]: { step: "image", summary: "fetches the image that guests start from" },
    };
    super(TOKENS.hypervisor, name, { address: args.address, image: args.image, steps }, opts);
    const login = (server: Pick<HypervisorArgs, "address" | "port" | "user" | "hostKey">): Endpoint => ({
      host: server.address,
      port: server.port,
      user: server.user,
      privateKey: args.privateKey,
      hostKey: server.hostKey,
    });
    this.connection = { ...login(args), proxy: args.bastion && login(args.bastion) };
    this.identity = args.hostKey;
    this.guests = { attachment: args.attachment, parallelCopies: args.parallelCopies, format: args.image.format };

    const host: Host = { connection: this.connection, identity: this.identity, ready: [] };
    const check = new RemoteStep(
      `${name}-check`,
      {
        on: host,
        script: "hypervisor/check-hypervisor.sh",
        env: {
          NODE_NAME: name,
          ATTACHMENT: `${args.attachment.kind}:${args.attachment.name}`,
          STORAGE: args.storage.kind === "pool" ? `pool:${args.storage.name}` : `directory:${args.storage.path}`,
          DOMAIN_TYPE: args.domainType,
          ALLOW_EMULATION: args.allowEmulation ? "yes" : "no",
        },
        undo: "none",
        dialAttempts: DIAL_ATTEMPTS,
      },
      { parent: this },
    );
    const findings = pulumi.unsecret(check.stdout).apply((stdout) => JSON.parse(stdout) as Findings);
    this.domainType = findings.domainType;
    this.storageDirectory = findings.storageDirectory;
    void this.domainType.apply((type) => {
      if (type === "qemu") void pulumi.log.warn(emulationWarning(name), this);
    });
    const { checksum, format, location } = args.image;
    const image = new RemoteStep(
      `${name}-image`,
      {
        on: host,
        script: "hypervisor/fetch-image.sh",
        env: {
          NODE_NAME: name,
          STACK_ID: args.stackId,
          STORAGE_DIRECTORY: this.storageDirectory,
          IMAGE_LOCATION: location,
          IMAGE_CHECKSUM: `${checksum.algorithm}:${checksum.hex}`,
          IMAGE_FORMAT: format,
        },
        undo: "script",
        timeoutSeconds: 3600,
        dialAttempts: DIAL_ATTEMPTS,
      },
      { parent: this, dependsOn: [check] },
    );
    this.imageFile = pulumi.unsecret(image.stdout).apply((stdout) => (JSON.parse(stdout) as { file: string }).file);
    this.ready = [check, image];
    this.registerOutputs({ domainType: this.domainType, storageDirectory: this.storageDirectory });
  }
}

function emulationWarning(name: string): string {
  return `${name} runs its guests under software emulation (allowEmulation is true): some thirty times slower than KVM, for trials only`;
}
