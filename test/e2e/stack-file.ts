import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument, type Document } from "yaml";
import { root } from "../../scripts/lib/paths";

const STACK_FILE = join(root, "Pulumi.local.yaml");

/** The committed stack file as a person edits it while a drill runs; put back when it ends. */
export class StackFile {
  private constructor(private readonly committed: string) {}

  /** Hands the file to `work` and puts it back, whatever happens. */
  static async edited<T>(work: (file: StackFile) => Promise<T>): Promise<T> {
    const file = new StackFile(readFileSync(STACK_FILE, "utf8"));
    try {
      return await work(file);
    } finally {
      file.restore();
    }
  }

  /** Writes the committed file with one edit; an earlier edit is gone. */
  edit(change: (document: Document.Parsed) => void): void {
    const document = parseDocument(this.committed);
    change(document);
    writeFileSync(STACK_FILE, document.toString());
  }

  restore(): void {
    writeFileSync(STACK_FILE, this.committed);
  }
}
