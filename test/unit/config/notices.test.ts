/** Which notices a version gets, and when. Does not prove that the table is complete. */
import { describe, expect, it } from "vitest";
import { checkAccepted, describeNotice, notices, summarizeNotices } from "../../../config/notices";

const versions = {
  kubernetes: "1.27.4",
  argocd: "2.7.15",
  sealedSecrets: "0.36.6",
  flannel: "0.26.7",
  kubeRouter: "2.1.0",
};
const TODAY = new Date("2026-11-24T12:00:00Z");
const lines = (chosen: Partial<typeof versions> = {}, now = TODAY): string[] =>
  notices({ ...versions, ...chosen }, [], now).map(describeNotice);

describe("a notice", () => {
  it("has its identifier and its date", () => {
    expect(lines({ argocd: "2.13.9", kubernetes: "1.27.16" })).toEqual([
      "kubernetes-1.27 (2024-07-16): Kubernetes 1.27 is past its end of life; 1.27.16 was its last release",
      "CVE-2024-10220 (2024-11-20): in Kubernetes before 1.28.12 a gitRepo volume runs commands on the node; let nobody make pods with one",
      "argocd-2.13: Argo CD 2.13 is past its end of life; upstream maintains 3.x",
      "CVE-2025-59538 (2025-10-01): in Argo CD 2.13 anyone who reaches its webhook can stop its API server; let your Git server alone reach it",
      "sealed-secrets-0.36.6: Sealed Secrets 0.36.6 is marked an incomplete release upstream",
    ]);
  });

  it.each([
    ["kubernetes", "1.27.12", "CVE-2024-3177", true],
    ["kubernetes", "1.27.13", "CVE-2024-3177", false],
    ["argocd", "2.7.18", "CVE-2024-31989", true],
    ["argocd", "2.8.19", "CVE-2024-31989", false],
    ["argocd", "2.7.15", "argocd-2.7 (2024-02-05)", true],
    ["argocd", "2.8.19", "argocd-2.7", false],
    ["argocd", "2.13.7", "CVE-2025-47933", true],
    ["argocd", "2.13.8", "CVE-2025-47933", false],
    ["argocd", "2.13.8", "CVE-2025-55190", true],
    ["argocd", "2.13.9", "CVE-2025-55190", false],
    ["argocd", "2.13.9", "argocd-2.13", true],
    ["argocd", "2.7.15", "argocd-2.13", false],
    ["argocd", "2.13.9", "CVE-2025-59538", true],
    ["argocd", "2.7.15", "CVE-2025-59538", false],
    ["sealedSecrets", "0.36.6", "sealed-secrets-0.36.6", true],
    ["sealedSecrets", "0.36.7", "sealed-secrets-0.36.6", false],
  ])("on %s %s: %s is there: %s", (part, version, id, there) => {
    expect(lines({ [part]: version }).some((line) => line.startsWith(id))).toBe(there);
  });

  it("is given from its date on", () => {
    const debian = (day: string): boolean => lines({}, new Date(day)).some((line) => line.startsWith("debian-12"));
    expect([debian("2028-06-29"), debian("2028-06-30")]).toEqual([false, true]);
  });
});

describe("an accepted notice", () => {
  const accepted = [{ ids: ["CVE-2024-31989"], reason: "no tenant runs pods here", until: "2026-11-24" }];
  const state = (now: Date): string | undefined =>
    notices(versions, accepted, now).find(({ id }) => id === "CVE-2024-31989")?.accepted;

  it("keeps its reason until the day that it names, and is open again after it", () => {
    expect(state(TODAY)).toBe("no tenant runs pods here (until 2026-11-24)");
    expect(state(new Date("2026-11-25T00:00:00Z"))).toBeUndefined();
  });

  it("is separate in the stack's outputs", () => {
    const all = notices({ ...versions, kubernetes: "1.27.16" }, accepted, TODAY);
    expect(summarizeNotices(all)).toEqual({
      endOfLife: ["kubernetes-1.27 (2024-07-16)", "argocd-2.7 (2024-02-05)"],
      vulnerabilities: ["CVE-2024-10220 (2024-11-20)", "CVE-2025-47933 (2025-05-29)", "CVE-2025-55190 (2025-09-04)"],
      accepted: ["CVE-2024-31989 (2024-05-21), accepted: no tenant runs pods here (until 2026-11-24)"],
    });
  });

  it("must be about something that the stack uses", () => {
    const sentences = checkAccepted([{ ids: ["CVE-2024-31998", "kubernetes-1.29"] }, { ids: ["xyz"] }], versions);
    expect(sentences.map(({ sentence }) => sentence)).toEqual([
      "acceptedNotices[0].ids[0] CVE-2024-31998 is about nothing that this stack uses; did you mean CVE-2024-31989?",
      "acceptedNotices[0].ids[1] kubernetes-1.29 is about nothing that this stack uses; did you mean kubernetes-1.27?",
      "acceptedNotices[1].ids[0] xyz is about nothing that this stack uses; remove it",
    ]);
  });
});
