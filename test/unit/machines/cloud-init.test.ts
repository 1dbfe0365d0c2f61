/** What a guest is told at its first boot, exactly. Doesn't prove that cloud-init does it: the drill kvm-worker does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { BOOTED, renderMetaData, renderNetworkConfig, renderUserData } from "../../../components/machines/cloud-init";
import { macAddress } from "../../../components/machines/mac-address";

const PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n";
const identity = {
  name: "cp-1",
  user: "root",
  loginKey: "ssh-ed25519 LOGIN operator",
  hostKey: { privateKey: PRIVATE, publicKey: "ssh-ed25519 HOST" },
};
const userData = (user: string): Record<string, unknown> =>
  parse(renderUserData({ ...identity, user })) as Record<string, unknown>;

describe("user-data", () => {
  it("is cloud-config with the host key, byte for byte, and no other", () => {
    expect(renderUserData(identity).split("\n")[0]).toBe("#cloud-config");
    expect(userData("root")).toMatchObject({
      hostname: "cp-1",
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: PRIVATE, ed25519_public: "ssh-ed25519 HOST cp-1" },
    });
  });

  it("lets one key log in as root, and no password", () => {
    expect(userData("root")).toMatchObject({
      users: [{ name: "root", lock_passwd: true, ssh_authorized_keys: ["ssh-ed25519 LOGIN operator"] }],
      disable_root: false,
      ssh_pwauth: false,
    });
    expect(renderUserData(identity)).not.toMatch(/passwd: (?!true)|password|chpasswd/);
  });

  it("gives another user sudo, and root no login", () => {
    expect(userData("ops")).toMatchObject({
      users: [{ name: "ops", sudo: "ALL=(ALL) NOPASSWD:ALL", lock_passwd: true }],
      disable_root: true,
    });
  });

  it("grows the root file system and installs nothing, so that no network is needed", () => {
    expect(userData("root")).toMatchObject({ growpart: { mode: "auto", devices: ["/"] }, resize_rootfs: true });
    expect(userData("root")).toMatchObject({ package_update: false, package_upgrade: false });
    expect(userData("root")).not.toHaveProperty("packages");
  });
});

describe("the end of the first boot", () => {
  it("is told on the console in the words that the hypervisor's script looks for", () => {
    const script = join(__dirname, "../../../scripts/remote/lib/guest-power.sh");
    expect(userData("root")).toMatchObject({ final_message: BOOTED });
    expect(readFileSync(script, "utf8")).toContain(`'${BOOTED}\\|`);
  });
});

describe("meta-data", () => {
  it("names the instance after the node", () => {
    expect(renderMetaData("cp-1")).toBe("instance-id: cp-1\nlocal-hostname: cp-1\n");
  });
});

describe("network-config", () => {
  const network = { mac: "52:54:00:12:34:56", address: "192.0.2.11", prefix: 24, resolvers: [] };

  it("is static, on the interface with the MAC address, without a way out unless there is one", () => {
    expect(parse(renderNetworkConfig(network))).toEqual({
      version: 2,
      ethernets: {
        eth0: {
          match: { macaddress: "52:54:00:12:34:56" },
          "set-name": "eth0",
          dhcp4: false,
          dhcp6: false,
          addresses: ["192.0.2.11/24"],
        },
      },
    });
  });

  it("has both gateways, IPv6 and resolvers where they are given", () => {
    const full = {
      ...network,
      gateway: "192.0.2.1",
      ipv6: "2001:db8::11/64",
      gateway6: "2001:db8::1",
      resolvers: ["192.0.2.1"],
    };
    expect(parse(renderNetworkConfig(full))).toMatchObject({
      ethernets: {
        eth0: {
          addresses: ["192.0.2.11/24", "2001:db8::11/64"],
          routes: [
            { to: "0.0.0.0/0", via: "192.0.2.1" },
            { to: "::/0", via: "2001:db8::1" },
          ],
          nameservers: { addresses: ["192.0.2.1"] },
        },
      },
    });
  });
});

describe("macAddress", () => {
  it("is always the same, in QEMU's range, and another for another node or cluster", () => {
    expect(macAddress("staging", "cp-1")).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
    expect(macAddress("staging", "cp-1")).toBe(macAddress("staging", "cp-1"));
    expect(
      new Set(
        [
          ["a", "b"],
          ["a", "c"],
          ["b", "b"],
        ].map(([cluster = "", node = ""]) => macAddress(cluster, node)),
      ).size,
    ).toBe(3);
  });
});
