import { readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = join(__dirname, "..", "..", "..", "node_modules", "@pulumi");

/** A property of an interface or class, as an official SDK declares it. */
export interface Declared {
  readonly name: string;
  readonly required: boolean;
}

/**
 * The properties that an official SDK declares.
 *
 * @param file below node_modules/@pulumi: `random/randomId.d.ts`
 * @param declaration `interface RandomIdArgs`, `declare class RandomId`
 */
export function declaredProperties(file: string, declaration: string): Declared[] {
  const text = readFileSync(join(PACKAGES, file), "utf8");
  const start = text.search(new RegExp(`^ *(export )?${declaration}\\b.*\\{$`, "m"));
  if (start < 0) throw new Error(`${file} declares no ${declaration}`);
  const indent = /^ */.exec(text.slice(start))?.[0].length ?? 0;
  const body = text.slice(start, text.indexOf(`\n${" ".repeat(indent)}}`, start));
  const property = new RegExp(`^ {${indent + 4}}(?:readonly )?(\\w+)(\\?)?: `, "gm");
  return [...body.matchAll(property)].map(([, name = "", optional]) => ({ name, required: optional === undefined }));
}

/** Names only, sorted. */
export function declaredNames(file: string, declaration: string): string[] {
  return declaredProperties(file, declaration)
    .map(({ name }) => name)
    .sort();
}
