/** Plays Argo CD's webhook: webhook-server.ts ADDRESS KEY CERTIFICATE; prints a JSON line for each request on :30443. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [address, key = "", cert = ""] = process.argv.slice(2);
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    const { "x-gitlab-event": event, "x-gitlab-token": token } = request.headers;
    process.stdout.write(`${JSON.stringify({ path: request.url, event, token, body: JSON.parse(body) as unknown })}\n`);
    response.end();
  });
});
server.listen(30443, address);
