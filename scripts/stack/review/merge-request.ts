import { readFileSync } from "node:fs";
import { markOf, type PlanSource } from "../plan/markdown";
import { callApi, type Comment, type CommentApi, upsertComment } from "./comments";

/** The account of a workflow's own token, which has no permission to ask for it. */
const GITHUB_ACCOUNT = "github-actions[bot]";

type Variables = Readonly<Record<string, string | undefined>>;

/** The merge request, or pull request, whose pipeline this process runs in. */
export interface MergeRequest {
  readonly source: PlanSource;
  /** Writes the plan of a stack, or replaces its former plan. @returns what it did, as a sentence */
  comment(stack: string, markdown: string): Promise<string>;
}

/**
 * Reads the merge request from the variables that GitLab and GitHub set for a job.
 *
 * @throws outside a merge request's pipeline, and without a token for comments
 */
export function mergeRequest(variables: Variables): MergeRequest {
  if (variables["GITLAB_CI"]) return gitlab(variables);
  if (variables["GITHUB_ACTIONS"]) return github(variables);
  throw new Error("--comment — this is no pipeline of GitLab or GitHub; leave it out, or use --markdown FILE");
}

function gitlab(variables: Variables): MergeRequest {
  const need = needed("a GitLab merge request's pipeline", variables);
  const service = need("CI_API_V4_URL");
  const notes =
    `${service}/projects/${encodeURIComponent(need("CI_PROJECT_ID"))}` +
    `/merge_requests/${encodeURIComponent(need("CI_MERGE_REQUEST_IID"))}/notes`;
  const headers = { "private-token": need("GITLAB_COMMENT_TOKEN", "a project access token with the scope api") };
  const api: CommentApi = {
    self: async () => idOf((await callApi("GitLab", "GET", `${service}/user`, headers)) as Account),
    list: async (page) => {
      const url = `${notes}?sort=asc&order_by=created_at&per_page=100&page=${page}`;
      const found = (await callApi("GitLab", "GET", url, headers)) as readonly Written<"author">[];
      return found.map(({ id, body, author }) => ({ id, body, author: idOf(author) }));
    },
    create: async (body) => {
      await callApi("GitLab", "POST", notes, headers, { body });
    },
    replace: async (id, body) => {
      await callApi("GitLab", "PUT", `${notes}/${id}`, headers, { body });
    },
  };
  const source = { commit: variables["CI_COMMIT_SHA"], url: variables["CI_PIPELINE_URL"] };
  return review(source, api, `merge request !${need("CI_MERGE_REQUEST_IID")}`);
}

function github(variables: Variables): MergeRequest {
  const need = needed("a GitHub pull request's workflow", variables);
  const event = JSON.parse(readFileSync(need("GITHUB_EVENT_PATH"), "utf8")) as {
    pull_request?: { number: number; head: { sha: string } };
  };
  if (!event.pull_request) throw new Error("--comment — this workflow was not started by a pull request; leave it out");
  const { number, head } = event.pull_request;
  const repository = `${need("GITHUB_API_URL")}/repos/${need("GITHUB_REPOSITORY")}`;
  const comments = `${repository}/issues/${number}/comments`;
  const headers = {
    ...{ accept: "application/vnd.github+json", "user-agent": "gitops-platform" },
    authorization: `Bearer ${need("GITHUB_TOKEN")}`,
  };
  const api: CommentApi = {
    self: () => Promise.resolve(GITHUB_ACCOUNT),
    list: async (page) => {
      const url = `${comments}?per_page=100&page=${page}`;
      const found = (await callApi("GitHub", "GET", url, headers)) as readonly Written<"user">[];
      return found.map(({ id, body, user }) => ({ id, body, author: user?.login ?? "nobody" }));
    },
    create: async (body) => {
      await callApi("GitHub", "POST", comments, headers, { body });
    },
    replace: async (id, body) => {
      await callApi("GitHub", "PATCH", `${repository}/issues/comments/${id}`, headers, { body });
    },
  };
  const url = `${need("GITHUB_SERVER_URL")}/${need("GITHUB_REPOSITORY")}/actions/runs/${need("GITHUB_RUN_ID")}`;
  return review({ commit: head.sha, url }, api, `pull request #${number}`);
}

function review(source: PlanSource, api: CommentApi, where: string): MergeRequest {
  return {
    source,
    comment: async (stack, markdown) => {
      const done = await upsertComment(api, markOf(stack), markdown);
      return `The plan is a comment on ${where} (${done}).`;
    },
  };
}

/** An account of GitLab or GitHub. Comments of a deleted account have none. */
interface Account {
  readonly id: number;
  readonly login?: string;
}

type Written<By extends string> = Pick<Comment, "id" | "body"> & Readonly<Partial<Record<By, Account | null>>>;

function idOf(account: Account | null | undefined): string {
  return account ? String(account.id) : "nobody";
}

function needed(where: string, variables: Variables): (name: string, what?: string) => string {
  return (name, what) => {
    const value = variables[name];
    if (value) return value;
    throw new Error(`${name} — is not set in ${where}${what ? ` (need ${what})` : ""}; see docs/guides/ci.md`);
  };
}
