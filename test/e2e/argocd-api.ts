import { request } from "node:https";
import { readOutputs } from "../../scripts/local/platform/stack";
import { kubectlJson } from "./platform";

/** Argo CD's own API, verified against the certificate in the cluster. */
export class ArgoCdApi {
  private constructor(
    private readonly address: URL,
    private readonly certificate: string,
    private token?: string,
  ) {}

  /** Logs in as `admin`. */
  static async login(): Promise<ArgoCdApi> {
    const { argocd } = await readOutputs();
    const secret = await kubectlJson<{ data: Record<string, string> }>(
      ...["get", "secret", "argocd-secret", "--namespace", "argocd"],
    );
    const certificate = Buffer.from(secret.data["tls.crt"] ?? "", "base64").toString();
    const api = new ArgoCdApi(new URL(argocd.url), certificate);
    const body = JSON.stringify({ username: "admin", password: argocd.adminPassword });
    api.token = (await api.call<{ token: string }>("POST", "/api/v1/session", body)).token;
    return api;
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  private call<T>(method: string, path: string, body?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ method, path, host: this.address.hostname, port: this.address.port, timeout: 10_000 },
          // The certificate names the Service; the address is one of the nodes'.
          ...{ ca: this.certificate, servername: "argocd-server" },
          headers: this.token === undefined ? {} : { authorization: `Bearer ${this.token}` },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(JSON.parse(text) as T);
            else reject(new Error(`${method} ${path}: ${response.statusCode ?? 0} ${text}`));
          });
        },
      );
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      sent.end(body);
    });
  }
}
