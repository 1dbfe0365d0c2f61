/** Identities of age: read, made, and refused without any part of them. Files for them: test/unit/snapshots/age.test.ts. */
import { expect, it } from "vitest";
import { checkIdentity, newIdentity } from "../../../config/age-identity";
import { IDENTITY, RECIPIENT } from "../snapshots/age-sample";

it("derives the recipient that age-keygen prints", () => {
  expect(checkIdentity(`${IDENTITY}\n`)).toMatchObject({ ok: { recipient: RECIPIENT } });
});

it("makes identities that it reads, each another one", () => {
  const made = [newIdentity(), newIdentity()];
  expect(new Set(made).size).toBe(2);
  for (const identity of made) {
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/);
    expect(checkIdentity(identity)).toMatchObject({
      ok: { recipient: expect.stringMatching(/^age1[a-z0-9]{58}$/) as string },
    });
  }
});

it.each([
  [RECIPIENT, "is a recipient, the public half"],
  ["", "is no age identity, or damaged"],
  ["AGE-SECRET-KEY-1", "is no age identity, or damaged"],
  [IDENTITY.toLowerCase(), "is no age identity, or damaged"],
  [IDENTITY.slice(0, -1), "is no age identity, or damaged"],
  [IDENTITY.replace(/.$/, (last) => (last === "Q" ? "P" : "Q")), "is no age identity, or damaged"],
  [`${IDENTITY.slice(0, 30)}B${IDENTITY.slice(31)}`, "is no age identity, or damaged"],
])("refuses %s", (text, wrong) => {
  expect(checkIdentity(text)).toEqual({ wrong });
});
