// Proves how a server's own account of itself is read. What it says: test/scripts/remote/check-adopted.bats.
import { expect, it } from "vitest";
import { parseServerFacts } from "../../../components/machines/server-facts";

const FACTS = { hostname: "vps-1", machineId: "0123456789abcdef0123456789abcdef", mac: "52:54:00:12:34:56" };

it("reads what the check prints", () => {
  expect(parseServerFacts("vps-1", `${JSON.stringify(FACTS)}\n`)).toEqual(FACTS);
});

it.each([
  ["sudo: a password is required", '[adoption] vps-1: the check printed no JSON (got "sudo: a password is required")'],
  ["null", "[adoption] vps-1: the check printed no usable hostname, machineId, mac"],
  [JSON.stringify({ ...FACTS, mac: "" }), "[adoption] vps-1: the check printed no usable mac"],
])("refuses %s", (stdout, message) => {
  expect(() => parseServerFacts("vps-1", stdout)).toThrow(message);
});
