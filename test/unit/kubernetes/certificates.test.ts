/** When an update renews, by what the last one saw. What a node makes of it: test/scripts/remote/certificates.bats. */
import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { renewalOf, seenCertificates } from "../../../components/kubernetes/certificates";
import { CA_CERTIFICATE } from "./ca-certificate";

const NOW = Date.parse("2027-01-01T00:00:00Z");
const ends = (notAfter: string): string => JSON.stringify({ certificates: { notAfter } });
const KUBECONFIG = JSON.stringify({
  users: [{ user: { "client-certificate-data": Buffer.from(CA_CERTIFICATE).toString("base64") } }],
});

it("renews with less than 90 days left, expired or not", () => {
  for (const notAfter of ["2027-03-31T23:59:59Z", "2027-01-01T00:00:00Z", "2026-12-01T00:00:00Z"])
    expect(renewalOf({ notAfter, renewed: "" }, NOW)).toEqual({ due: true, ending: notAfter });
  expect(renewalOf({ notAfter: "2027-04-01T00:00:00Z", renewed: "" }, NOW)).toEqual({ due: false, ending: "" });
});

it("keeps the reason of the last renewal, so that steps don't run again", () => {
  const renewed = "2026-02-01T00:00:00Z";
  expect(renewalOf({ notAfter: "2027-12-01T00:00:00Z", renewed }, NOW)).toEqual({ due: false, ending: renewed });
  expect(renewalOf(undefined, NOW)).toEqual({ due: false, ending: "" });
});

it("sees the first end of all control planes and the kubeconfig", () => {
  const turns = ["2027-12-02T00:00:00Z", "2027-12-01T10:00:00Z"].map(ends);
  expect(seenCertificates(turns, KUBECONFIG, "x")).toEqual({ notAfter: "2027-12-01T10:00:00Z", renewed: "x" });
  const own = new Date(new X509Certificate(CA_CERTIFICATE).validTo);
  expect(own.getUTCFullYear()).toBe(2126);
  const late = [ends("2127-01-01T00:00:00Z")];
  expect(Date.parse(seenCertificates(late, KUBECONFIG, "").notAfter)).toBe(own.getTime());
});

it("counts what was printed by an older version as not seen", () => {
  expect(seenCertificates(['{"cluster":{}}', ends("2027-12-01T10:00:00Z")], KUBECONFIG, "").notAfter).toBe(
    "2027-12-01T10:00:00Z",
  );
});
