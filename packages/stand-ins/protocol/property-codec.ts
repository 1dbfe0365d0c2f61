import { isMap, type PropertyMap, type PropertyValue, Secret, UNKNOWN, Unknown } from "./property-value";
import { BYTES, type WireReader } from "./wire-reader";
import { ReverseWireWriter } from "./wire-writer";

/*
 * Properties travel as google.protobuf.Struct. The generated code for it takes 0.2 s for one of Argo CD's custom resource
 * definitions, and a preview sends each of them seven times: hence a codec of our own.
 */

/* Field numbers of Struct, its map entries, Value and ListValue. */
const STRUCT_FIELDS = 1;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const NULL = 1;
const NUMBER = 2;
const STRING = 3;
const BOOLEAN = 4;
const STRUCT = 5;
const LIST = 6;
const LIST_VALUES = 1;

/* Pulumi wraps special values in objects that carry this key; its value says which kind. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Properties from an encoded struct. */
export function decodeProperties(struct: WireReader): PropertyMap {
  const map: PropertyMap = {};
  while (struct.next()) {
    if (struct.field !== STRUCT_FIELDS || struct.type !== BYTES) struct.skip();
    else decodeEntry(struct.message(), map);
  }
  return map;
}

/** The encoded struct of properties. Keys whose value is `undefined` are left out. */
export function encodeProperties(map: PropertyMap): Buffer {
  const writer = new ReverseWireWriter();
  writeStruct(writer, map);
  return writer.finish();
}

function decodeEntry(entry: WireReader, map: PropertyMap): void {
  let key = "";
  let value: PropertyValue = null;
  while (entry.next()) {
    if (entry.field === ENTRY_KEY) key = entry.string();
    else if (entry.field === ENTRY_VALUE) value = decodeValue(entry.message());
    else entry.skip();
  }
  // Not by assignment: a key "__proto__" would change the map itself.
  if (key === "__proto__")
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

function decodeValue(reader: WireReader): PropertyValue {
  let value: PropertyValue = null;
  while (reader.next()) {
    switch (reader.field) {
      case NUMBER:
        value = reader.double();
        break;
      case STRING:
        value = reader.string();
        if (value === UNKNOWN_SENTINEL) value = UNKNOWN;
        break;
      case BOOLEAN:
        value = reader.varint() !== 0;
        break;
      case STRUCT:
        value = unwrapSpecial(decodeProperties(reader.message()));
        break;
      case LIST:
        value = decodeList(reader.message());
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function decodeList(reader: WireReader): PropertyValue[] {
  const list: PropertyValue[] = [];
  while (reader.next()) {
    if (reader.field === LIST_VALUES) list.push(decodeValue(reader.message()));
    else reader.skip();
  }
  return list;
}

function unwrapSpecial(map: PropertyMap): PropertyValue {
  const signature = map[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return new Secret(map.value ?? null);
  if (signature !== OUTPUT_SIGNATURE) return map;
  const inner = map.value ?? UNKNOWN;
  return map.secret === true ? new Secret(inner) : inner;
}

function writeStruct(writer: ReverseWireWriter, map: PropertyMap): void {
  for (const [key, value] of Object.entries<PropertyValue | undefined>(map).reverse()) {
    if (value === undefined) continue;
    const before = writer.length;
    writeValue(writer, value);
    writer.wrap(ENTRY_VALUE, before);
    writer.string(ENTRY_KEY, key);
    writer.wrap(STRUCT_FIELDS, before);
  }
}

function writeValue(writer: ReverseWireWriter, value: PropertyValue): void {
  const before = writer.length;
  if (typeof value === "string") writer.string(STRING, value);
  else if (typeof value === "number") writer.double(NUMBER, value);
  else if (typeof value === "boolean") writer.boolean(BOOLEAN, value);
  else if (value instanceof Unknown) writer.string(STRING, UNKNOWN_SENTINEL);
  else if (Array.isArray(value)) {
    for (const item of [...value].reverse()) {
      const start = writer.length;
      writeValue(writer, item);
      writer.wrap(LIST_VALUES, start);
    }
    writer.wrap(LIST, before);
  } else if (isMap(value) || value instanceof Secret) {
    writeStruct(writer, isMap(value) ? value : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: value.value });
    writer.wrap(STRUCT, before);
  } else writer.boolean(NULL, false);
}
