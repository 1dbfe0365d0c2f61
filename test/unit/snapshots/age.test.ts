/** Files that age wrote, opened without age. That age writes them on a node: the drill `restore`. */
import { expect, it } from "vitest";
import { type AgeIdentity, checkIdentity, newIdentity } from "../../../config/age-identity";
import { decryptAge } from "../../../scripts/stack/snapshots/age";
import { CLEAR, IDENTITY, SEALED } from "./age-sample";

const identityOf = (text: string): AgeIdentity => {
  const checked = checkIdentity(text);
  if ("ok" in checked) return checked.ok;
  throw new Error(checked.wrong);
};
const own = identityOf(IDENTITY);

it("opens what age sealed for the identity", () => {
  expect(decryptAge(SEALED, own).toString()).toBe(CLEAR);
});

it("refuses a file with any bit changed, wherever it is", () => {
  for (let at = 0; at < SEALED.length; at++) {
    const changed = Buffer.from(SEALED);
    changed.writeUInt8(SEALED.readUInt8(at) ^ 1, at);
    expect(() => decryptAge(changed, own), `byte ${at}`).toThrow(/^(is|has) /);
  }
});

it("refuses a file that is cut off, wherever, and one with more behind it", () => {
  for (let length = 0; length < SEALED.length; length++)
    expect(() => decryptAge(SEALED.subarray(0, length), own), `${length} bytes`).toThrow(/^(is|has) /);
  expect(() => decryptAge(Buffer.concat([SEALED, Buffer.from("more")]), own)).toThrow("is cut off or was changed");
});

it("refuses another stack's, and says so", () => {
  expect(() => decryptAge(SEALED, identityOf(newIdentity()))).toThrow(
    "is encrypted for another stack's identity, or for one that was replaced",
  );
});
