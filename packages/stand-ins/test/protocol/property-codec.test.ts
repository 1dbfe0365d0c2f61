import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { describe, expect, it } from "vitest";
import { decodeProperties, encodeProperties } from "../../protocol/property-codec";
import { type PropertyMap, Secret, UNKNOWN } from "../../protocol/property-value";
import { WireReader } from "../../protocol/wire-reader";

/* Doesn't prove: that the engine takes it; the end-to-end suite runs the real one. */

const PLAIN = {
  empty: {},
  text: "grüße 🚢",
  long: "x".repeat(70_000),
  numbers: [0, -1, 1.5, 2 ** 53, 1e-9],
  nothing: null,
  flags: { yes: true, no: false },
  nested: [{ a: [[], [{ b: "c" }]] }],
  "": "empty key",
};

const decode = (bytes: Buffer) => decodeProperties(new WireReader(bytes));

describe("properties on the wire", () => {
  it("are what the generated code reads", () => {
    const read = Struct.deserializeBinary(encodeProperties(PLAIN));
    expect(read.toJavaScript()).toEqual(PLAIN);
  });

  it("are read from what the generated code writes", () => {
    const written = Struct.fromJavaScript(PLAIN).serializeBinary();
    expect(decode(Buffer.from(written))).toEqual(PLAIN);
  });

  it("keep secrets and unknowns", () => {
    const values: PropertyMap = { token: new Secret({ deep: ["s3cret", UNKNOWN] }), later: UNKNOWN };
    expect(decode(encodeProperties(values))).toEqual(values);
  });

  it("leave out what is undefined", () => {
    const values = { a: 1, b: undefined } as unknown as PropertyMap;
    expect(decode(encodeProperties(values))).toEqual({ a: 1 });
  });

  it("keep the order of keys", () => {
    expect(Object.keys(decode(encodeProperties({ z: 1, a: 2, m: 3 })))).toEqual(["z", "a", "m"]);
  });

  it("can't change a map's prototype", () => {
    const values = JSON.parse('{"__proto__": {"polluted": true}}') as PropertyMap;
    const read = decode(encodeProperties(values));
    expect(Object.keys(read)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("that were cut are refused", () => {
    const bytes = encodeProperties(PLAIN);
    expect(() => decode(bytes.subarray(0, bytes.length - 3))).toThrow("ends in the middle of a value");
  });
});
