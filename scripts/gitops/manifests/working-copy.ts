import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

/** A SealedSecret that a repository gets only when it is seeded: it is sealed with the certificate of one platform. */
export interface SeededSecret {
  readonly name: string;
  readonly namespace: string;
  /** Relative to the repository. */
  readonly file: string;
}

/**
 * Works on a copy of a repository in which what seeding adds has a stand-in, so that the starter renders like the
 * repositories made from it.
 */
export async function withSeeded<T>(
  repository: string,
  seeded: readonly SeededSecret[],
  work: (copy: string) => Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-check-"));
  const copy = join(scratch, "repository");
  try {
    cpSync(repository, copy, { recursive: true, filter: (source) => !source.endsWith("/.git") });
    for (const { name, namespace, file } of seeded) {
      const target = join(copy, file);
      if (existsSync(target)) continue;
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, standIn(name, namespace));
    }
    return await work(copy);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function standIn(name: string, namespace: string): string {
  return stringify({
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name, namespace },
    spec: { encryptedData: { password: "A".repeat(700) }, template: { metadata: { name, namespace } } },
  });
}
