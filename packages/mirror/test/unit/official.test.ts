import { describe, expect, it } from "vitest";
import { downloadObstacle } from "../../pulumi/official";

const VERSIONS = { cli: "3.1.2", plugins: [{ name: "command", version: "1.0.0" }] };

/** A release server that answers by the last part of the path. */
function server(answers: (file: string) => number | Error): { request: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const request: typeof fetch = async (url) => {
    const address = url instanceof Request ? url.url : url.toString();
    asked.push(address);
    const answer = answers(address);
    if (answer instanceof Error) throw answer;
    return new Response(null, { status: answer });
  };
  return { request, asked };
}

describe("downloadObstacle", () => {
  it("finds none when every download is there", async () => {
    const { request, asked } = server(() => 200);
    expect(await downloadObstacle(VERSIONS, request)).toBeUndefined();
    expect(asked.map((url) => url.replace(/(x64|amd64|arm64)/, "CPU"))).toEqual([
      "https://get.pulumi.com/install.sh",
      "https://get.pulumi.com/releases/sdk/pulumi-v3.1.2-linux-CPU.tar.gz",
      "https://get.pulumi.com/releases/plugins/pulumi-resource-command-v1.0.0-linux-CPU.tar.gz",
    ]);
  });

  it("names a plugin that is missing", async () => {
    const { request } = server((url) => (url.includes("command") ? 404 : 200));
    expect(await downloadObstacle(VERSIONS, request)).toMatch(
      /pulumi-resource-command-v1\.0\.0-linux-\w+\.tar\.gz answers 404$/,
    );
  });

  it("says why a server can't be reached", async () => {
    const { request } = server(() => Object.assign(new TypeError("fetch failed"), { cause: { code: "ENOTFOUND" } }));
    expect(await downloadObstacle(VERSIONS, request)).toBe("get.pulumi.com: ENOTFOUND");
  });

  it("doesn't wait for a server that doesn't answer", async () => {
    const timeout = Object.assign(new Error("aborted"), { name: "TimeoutError" });
    const { request } = server(() => timeout);
    expect(await downloadObstacle(VERSIONS, request)).toBe("get.pulumi.com: no answer in 5 s");
  });
});
