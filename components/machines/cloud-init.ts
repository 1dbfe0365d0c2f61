import { stringify } from "yaml";

/** What a guest is told at its first boot. */
export interface GuestIdentity {
  readonly name: string;
  /** Login name; anything but root gets password-less sudo. */
  readonly user: string;
  /** The one key that logs in: `ssh-ed25519 AAAA…`. */
  readonly loginKey: string;
  /** OpenSSH texts of the host key, made by us; the private half is secret. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
}

export interface GuestNetwork {
  readonly mac: string;
  /** IPv4 address and the prefix length of its network. */
  readonly address: string;
  readonly prefix: number;
  /** @default no gateway */
  readonly gateway?: string;
  /** IPv6 address with its prefix: `2001:db8::11/64`. @default none */
  readonly ipv6?: string;
  /** @default no IPv6 gateway */
  readonly gateway6?: string;
  readonly resolvers: readonly string[];
}

/** The last thing a first boot writes to the console. */
export const BOOTED = "gitops-platform: the first boot is done";

/**
 * cloud-init's user-data (secret: it holds the private host key). No passwords, one key, and no packages: the steps
 * install what they need and only what is missing, so that an image which has all of it needs no network.
 */
export function renderUserData({ hostKey, loginKey, name, user }: GuestIdentity): string {
  const login = { name: user, lock_passwd: true, ssh_authorized_keys: [loginKey] };
  const config = {
    hostname: name,
    prefer_fqdn_over_hostname: false,
    manage_etc_hosts: true,
    users: [user === "root" ? login : { ...login, shell: "/bin/bash", sudo: "ALL=(ALL) NOPASSWD:ALL" }],
    disable_root: user !== "root",
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey} ${name}` },
    growpart: { mode: "auto", devices: ["/"], ignore_growroot_disabled: false },
    resize_rootfs: true,
    package_update: false,
    package_upgrade: false,
    final_message: BOOTED,
  };
  return `#cloud-config\n${yaml(config)}`;
}

/** cloud-init's meta-data. A new disk makes its first boot in any case, so the instance is the node. */
export function renderMetaData(name: string): string {
  return yaml({ "instance-id": name, "local-hostname": name });
}

/** cloud-init's network-config, version 2: static addresses on the one interface. */
export function renderNetworkConfig(network: GuestNetwork): string {
  const { address, gateway, gateway6, ipv6, mac, prefix, resolvers } = network;
  const routes = [
    ...(gateway === undefined ? [] : [{ to: "0.0.0.0/0", via: gateway }]),
    ...(gateway6 === undefined ? [] : [{ to: "::/0", via: gateway6 }]),
  ];
  const ethernet = {
    match: { macaddress: mac },
    "set-name": "eth0",
    dhcp4: false,
    dhcp6: false,
    addresses: [`${address}/${prefix}`, ...(ipv6 === undefined ? [] : [ipv6])],
    ...(routes.length === 0 ? {} : { routes }),
    ...(resolvers.length === 0 ? {} : { nameservers: { addresses: [...resolvers] } }),
  };
  return yaml({ version: 2, ethernets: { eth0: ethernet } });
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0 });
}
