import { describe, expect, it } from "vitest";
import { KINDS } from "../../random/kinds";
import { declaredNames, declaredProperties } from "../sdk-declarations";

/* A new version of the official SDK that takes other inputs or gives other outputs fails here. */

/** Inputs that are refused: a seed asks for a reproducible number, which is not what a random source gives. */
const NOT_COVERED = ["seed"];

describe.each(Object.entries(KINDS))("%s", (token, kind) => {
  const [, file = "", name = ""] = /^random:index\/(\w+):(\w+)$/.exec(token) ?? [];
  const official = (declaration: string) =>
    declaredNames(`random/${file}.d.ts`, declaration).filter((item) => !NOT_COVERED.includes(item));

  it("takes the official inputs", () => {
    expect(Object.keys(kind.inputs).sort()).toEqual(official(`interface ${name}Args`));
    const required = declaredProperties(`random/${file}.d.ts`, `interface ${name}Args`).filter((item) => item.required);
    const ours = Object.entries(kind.inputs).filter(([, rule]) => rule.required);
    expect(ours.map(([input]) => input).sort()).toEqual(required.map((item) => item.name).sort());
  });

  it("gives the official outputs", () => {
    expect([...Object.keys(kind.inputs), ...kind.outputs].sort()).toEqual(official(`declare class ${name}`));
  });
});
