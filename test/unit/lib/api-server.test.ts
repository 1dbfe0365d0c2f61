/** An API server that is away is waited for within a bound. What the kubernetes plugin does without it is not shown here. */
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { webcrypto } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { apiServerIn, waitForApi } from "../../../scripts/lib/api-server";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A certificate that is its own authority, for a server on 127.0.0.1. */
async function makeCertificate(minutes = 60): Promise<{ certificate: string; privateKey: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [notBefore, notAfter] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + minutes * 60_000)];
  const extensions = [new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])];
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: "CN=kube-apiserver",
      notBefore,
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions,
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: certificate.toString("pem"), privateKey: PemConverter.encode(pkcs8, "PRIVATE KEY") };
}

/** An API server that is ready from its third request on, or never. */
async function start(
  statuses: readonly number[],
  minutes?: number,
): Promise<{ endpoint: string; caCertificate: string; asked: string[] }> {
  const { certificate, privateKey } = await makeCertificate(minutes);
  const asked: string[] = [];
  const started = createServer({ key: privateKey, cert: certificate }, (request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(statuses[Math.min(asked.length, statuses.length) - 1] ?? 500).end();
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo;
  return { endpoint: `https://127.0.0.1:${port}`, caCertificate: certificate, asked };
}

const lines: string[] = [];
const wait = { seconds: 1, intervalMs: 20, report: (line: string) => void lines.push(line.replace(/:\d{4,5}/, ":N")) };

it("a ready one is asked once, and nothing is reported", async () => {
  const api = await start([200]);
  lines.length = 0;
  expect(await waitForApi(api, wait)).toBe(true);
  expect([api.asked, lines]).toEqual([["/readyz"], []]);
});

it("one that does not let everybody ask is alive", async () => {
  expect(await waitForApi(await start([403]), wait)).toBe(true);
});

it("one that is starting is waited for", async () => {
  const api = await start([500, 500, 200]);
  lines.length = 0;
  expect(await waitForApi(api, wait)).toBe(true);
  expect(lines).toEqual([
    "waiting for the API server https://127.0.0.1:N, 1 s at most: /readyz answers 500",
    "the API server is ready after 0 s",
  ]);
  expect(api.asked).toHaveLength(3);
});

it("one whose certificate has expired is not waited for, because only the update renews it", async () => {
  const api = await start([200], -1);
  lines.length = 0;
  expect(await waitForApi(api, { ...wait, seconds: 60 })).toBe(false);
  expect(lines).toEqual([
    "the API server https://127.0.0.1:N does not serve: certificate has expired; the update renews it over SSH",
  ]);
  expect(api.asked).toEqual([]);
  // Without etcd it answers nobody, or does not even run.
  server?.close();
  const crashing = { ...(await start([500])), notAfter: "2026-01-01T00:00:00Z" };
  expect(await waitForApi(crashing, { ...wait, seconds: 60 })).toBe(false);
  expect([crashing.asked.length, lines[1]]).toEqual([1, lines[0]]);
});

it("one that stays away ends the wait, not the update", async () => {
  const { endpoint } = await start([200]);
  server?.close();
  lines.length = 0;
  expect(await waitForApi({ endpoint, caCertificate: "" }, { ...wait, seconds: 0.1 })).toBe(false);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^waiting for the API server https:\/\/127\.0\.0\.1:N, 0\.1 s at most: connect ECONNREFUSED/,
  );
  expect(lines[1]).toMatch(
    /^the API server https:\/\/127\.0\.0\.1:N is not ready after 0\.1 s \(.+\); going on without it/,
  );
});

it("another server in its place is none", async () => {
  const { endpoint } = await start([200]);
  const { certificate } = await makeCertificate();
  expect(await waitForApi({ endpoint, caCertificate: certificate }, { ...wait, seconds: 0 })).toBe(false);
});

it("is named by the cluster's component, once there is a cluster", () => {
  const type = "gitops-platform:kubernetes:KubernetesCluster";
  const api = { endpoint: "https://10.78.0.11:6443", caCertificate: "PEM" };
  expect(apiServerIn([{ type: "other" }, { type, outputs: { ...api, controlPlanes: [] } }])).toEqual(api);
  const certificates = { notAfter: "2027-01-01T00:00:00Z", renewed: "" };
  const stack = { type: "pulumi:pulumi:Stack", outputs: { certificates } };
  expect(apiServerIn([stack, { type, outputs: api }])).toEqual({ ...api, notAfter: certificates.notAfter });
  expect(apiServerIn([{ type }])).toBeUndefined();
  expect(apiServerIn([])).toBeUndefined();
});
