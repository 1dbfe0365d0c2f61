/** Comments on merge requests, against servers that play GitLab's and GitHub's APIs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { markOf } from "../../../scripts/stack/plan/markdown";
import { mergeRequest } from "../../../scripts/stack/review/merge-request";
import { GitlabApi } from "../../pipeline/gitlab-api";

describe("on GitLab", () => {
  let api: GitlabApi;
  beforeEach(async () => (api = await GitlabApi.start("a token")));
  afterEach(() => api.stop());
  const variables = (): Record<string, string> => ({
    ...{ GITLAB_CI: "true", CI_API_V4_URL: api.url, CI_PROJECT_ID: "42", CI_MERGE_REQUEST_IID: "7" },
    ...{ GITLAB_COMMENT_TOKEN: "a token", CI_COMMIT_SHA: "abc", CI_PIPELINE_URL: "https://git.example.org/7" },
  });

  it("a stack's plan is one comment, which the next one replaces; other stacks have their own", async () => {
    const request = mergeRequest(variables());
    const plan = (stack: string, words: string): string => `${markOf(stack)}\n\n${words}`;
    expect(await request.comment("staging", plan("staging", "first"))).toBe(
      "The plan is a comment on merge request !7 (created).",
    );
    await request.comment("production", plan("production", "first"));
    expect(await request.comment("staging", plan("staging", "second"))).toBe(
      "The plan is a comment on merge request !7 (updated).",
    );
    expect(api.notes.map(({ body }) => body)).toEqual([plan("staging", "second"), plan("production", "first")]);
  });

  it("finds its comment behind hundreds of others", async () => {
    for (let id = 1; id <= 250; id++) api.notes.push({ id, body: `a remark about ${markOf("staging")}` });
    api.notes.push({ id: 251, body: `${markOf("staging")}\n\nold` });
    await mergeRequest(variables()).comment("staging", `${markOf("staging")}\n\nnew`);
    expect(api.notes).toHaveLength(251);
    expect(api.notes.at(-1)?.body).toContain("new");
  });

  it("leaves alone what somebody else wrote with the mark", async () => {
    const theirs = { id: 1, body: `${markOf("staging")}\n\nnothing would change`, author: { id: 5 } };
    api.notes.push({ ...theirs });
    expect(await mergeRequest(variables()).comment("staging", `${markOf("staging")}\n\nnew`)).toContain("(created)");
    expect(api.notes).toEqual([theirs, { id: 2, body: `${markOf("staging")}\n\nnew` }]);
  });

  it("a token that may not is told, without the token", async () => {
    const request = mergeRequest({ ...variables(), GITLAB_COMMENT_TOKEN: "wrong-token" });
    const failure = await request.comment("staging", "text").catch((error: unknown) => (error as Error).message);
    expect(failure).toMatch(
      /^GitLab — GET http.* answers 401 .*; may the token write comments\? \(docs\/guides\/ci\.md\)$/,
    );
    expect(failure).not.toContain("wrong-token");
  });

  it("a missing variable is named before anything is done", () => {
    const { GITLAB_COMMENT_TOKEN: _missing, ...others } = variables();
    expect(() => mergeRequest(others)).toThrow(
      "GITLAB_COMMENT_TOKEN — is not set in a GitLab merge request's pipeline (need a project access token with the " +
        "scope api); see docs/guides/ci.md",
    );
  });
});

describe("on GitHub", () => {
  it("the pull request's comment is made once and replaced afterwards", async () => {
    const seen: string[] = [];
    const comments: { id: number; body: string; user: { login: string } | null }[] = [
      { id: 1, body: `${markOf("staging")} theirs`, user: { login: "somebody" } },
      { id: 2, body: `${markOf("staging")} of someone who left`, user: null },
    ];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        seen.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers.authorization ?? ""}`);
        const sent = body ? (JSON.parse(body) as { body: string }) : undefined;
        if (request.method === "POST" && sent)
          comments.push({ id: 5, ...sent, user: { login: "github-actions[bot]" } });
        if (request.method === "PATCH" && sent) Object.assign(comments[2] ?? {}, sent);
        response.end(JSON.stringify(request.url?.endsWith("page=1") ? comments : []));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const directory = mkdtempSync(join(tmpdir(), "gitops-platform-event-"));
    const event = join(directory, "event.json");
    writeFileSync(event, JSON.stringify({ pull_request: { number: 3, head: { sha: "abc" } } }));
    try {
      const request = mergeRequest({
        ...{ GITHUB_ACTIONS: "true", GITHUB_EVENT_PATH: event, GITHUB_REPOSITORY: "a/b", GITHUB_TOKEN: "t" },
        ...{ GITHUB_SERVER_URL: "https://github.example.org", GITHUB_RUN_ID: "9" },
        GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      });
      expect(request.source).toEqual({ commit: "abc", url: "https://github.example.org/a/b/actions/runs/9" });
      await request.comment("staging", `${markOf("staging")} one`);
      await request.comment("staging", `${markOf("staging")} two`);
    } finally {
      server.close();
      rmSync(directory, { recursive: true });
    }
    expect(comments.map(({ body }) => body.slice(markOf("staging").length))).toEqual([
      ...[" theirs", " of someone who left", " two"],
    ]);
    expect(seen.every((line) => line.endsWith(" Bearer t"))).toBe(true);
    expect(seen.map((line) => line.split(/\?| Bearer/)[0])).toEqual([
      "GET /repos/a/b/issues/3/comments",
      "GET /repos/a/b/issues/3/comments",
      "POST /repos/a/b/issues/3/comments",
      "GET /repos/a/b/issues/3/comments",
      "PATCH /repos/a/b/issues/comments/5",
    ]);
  });
});

it("elsewhere there is nothing to comment on", () => {
  expect(() => mergeRequest({})).toThrow(/^--comment — this is no pipeline of GitLab or GitHub/);
});
