import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument, type Document } from "yaml";
import { root } from "../../scripts/lib/paths";

const STACK_FILE = join(root, "Pulumi.local.yaml");

/** The committed stack file, edited for the time of a drill. */
export class StackFile {
  private constructor(private readonly committed: string) {}

  /** Calls `work` and restores the file, also after an error. */
  static async edited<T>(work: (file: StackFile) => Promise<T>): Promise<T> {
    const file = new StackFile(readFileSync(STACK_FILE, "utf8"));
    try {
      return await work(file);
    } finally {
      file.restore();
    }
  }

  /** Writes the committed file with one edit. It replaces an earlier edit. */
  edit(change: (document: Document.Parsed) => void): void {
    const document = parseDocument(this.committed);
    change(document);
    writeFileSync(STACK_FILE, document.toString());
  }

  restore(): void {
    writeFileSync(STACK_FILE, this.committed);
  }
}
