/** An address as Argo CD compares it: case, `.git`, `ssh://` and the scp form make no difference. */
export function normalGitUrl(url: string): string {
  const lower = url.trim().toLowerCase();
  const scp = /^([^/:]+@[^/:]+):(?!\/\/)(.*)$/.exec(lower);
  const text = scp ? `${scp[1] ?? ""}/${scp[2] ?? ""}` : lower;
  return text.replace(/\.git$/, "").replace(/^ssh:\/\//, "");
}

/** A repository, whoever logs in to it and how: `git.example.org/org/infra`. */
export function repositoryOf(url: string): string {
  return normalGitUrl(url.replace(/\/+$/, ""))
    .replace(/^(https:\/\/[^/]+):443(?=\/)/, "$1")
    .replace(/^([^/:]+@[^/:]+):22(?=\/)/, "$1")
    .replace(/^https?:\/\//, "")
    .replace(/^[^@/]+@/, "")
    .replace(/\/+$/, "");
}
