// Proves which part of the pod network a node gets.
import { describe, expect, it } from "vitest";
import { podCidrsByAddress } from "../../../components/kubernetes/pod-cidr";

describe("podCidrsByAddress", () => {
  it.each([
    ["10.244.0.0/16", "10.78.0.21", "10.244.21.0/24"],
    ["10.244.0.0/16", "10.78.3.255", "10.244.255.0/24"],
    ["10.0.0.0/8", "192.168.7.9", "10.7.9.0/24"],
    ["172.20.4.0/22", "10.78.0.6", "172.20.6.0/24"],
  ])("%s, node %s: %s", (podSubnet, address, cidr) => {
    expect(podCidrsByAddress(podSubnet, [address]).get(address)).toBe(cidr);
  });

  it("refuses two nodes with the same part", () => {
    expect(() => podCidrsByAddress("10.244.0.0/16", ["10.78.0.11", "10.78.1.11"])).toThrow(
      "nodes 10.78.0.11 and 10.78.1.11 would share a part of podSubnet 10.244.0.0/16; change an address",
    );
  });

  it("refuses a pod network without room", () => {
    expect(() => podCidrsByAddress("10.244.0.0/24", ["10.78.0.11"])).toThrow(
      "podSubnet 10.244.0.0/24 has no room for a /24 per node; give it 16 bits, like 10.244.0.0/16",
    );
  });
});
