/**
 * The sections in Pulumi.yaml, and what the schema for editors makes of stack files. test/unit/lib/reference.test.ts proves
 * that docs/reference is up to date. Does not prove how an editor shows the faults.
 */
import Ajv from "ajv";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SECTIONS } from "../../../config/schema";
import { editorSchema } from "../../../scripts/dev/reference/editor-schema";
import { ownStackFile } from "../../stacks/stack-file";
import { casesIn, stackCase } from "./stack-case";

const ROOT = join(__dirname, "..", "..", "..");

it("Pulumi.yaml declares every section, and no other", () => {
  const { config } = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8")) as { config: object };
  expect(Object.keys(config).sort()).toEqual([...SECTIONS].sort());
});

describe("the schema for editors", () => {
  const validate = new Ajv({ allErrors: true }).compile(editorSchema());
  const faults = (file: unknown): string[] => {
    validate(file);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
  const asFile = async (name: string): Promise<unknown> => {
    const { sections } = await stackCase(name);
    return {
      config: Object.fromEntries(Object.entries(sections).map(([key, value]) => [`gitops-platform:${key}`, value])),
    };
  };

  it.each(["local", "staging", "production"])("takes Pulumi.%s.yaml", (stack) => {
    expect(faults(parse(readFileSync(ownStackFile(stack), "utf8")))).toEqual([]);
  });

  it.each(casesIn("valid"))("takes %s", async (name) => {
    expect(faults(await asFile(name))).toEqual([]);
  });

  it("takes encrypted secrets, and keys of other namespaces", () => {
    const file = parse(readFileSync(ownStackFile("staging"), "utf8")) as { config: Record<string, unknown> };
    file.config["gitops-platform:ssh"] = { privateKey: { secure: "AAABAA==" } };
    file.config["kubernetes:context"] = "staging";
    expect(faults(file)).toEqual([]);
  });

  it("finds unknown keys, missing keys and values of a wrong form", async () => {
    const found = faults(await asFile("invalid/form.yaml"));
    const config = "/config/gitops-platform";
    expect(found).toEqual(
      expect.arrayContaining([
        "/config property name must be valid",
        `${config}:cluster must NOT have additional properties`,
        `${config}:cluster must have required property 'name'`,
        `${config}:nodes/0/address must be string`,
        `${config}:nodes/1/name must match pattern "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"`,
        `${config}:diskGate/limitMs must be >= 0.001`,
        `${config}:gitops/applicationSets must be boolean`,
      ]),
    );
  });
});
