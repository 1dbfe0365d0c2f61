import { decodeProperties, encodeProperties } from "./property-codec";
import type { PropertyMap } from "./property-value";
import { BYTES, WireReader } from "./wire-reader";
import { ReverseWireWriter } from "./wire-writer";

/** A received message: properties are decoded here, the rest by the generated code. */
export interface Incoming<Message> {
  readonly message: Message;
  /** The properties in a field, empty when it isn't there. */
  readonly properties: (field: number) => PropertyMap;
}

/** A message to send, with its properties by field number. */
export interface Outgoing {
  readonly message: { serializeBinary(): Uint8Array };
  readonly properties?: Readonly<Record<number, PropertyMap>>;
}

/** Creates the decoder of a message in which the given fields are properties. */
export function incomingDecoder<Message>(
  parse: (bytes: Uint8Array) => Message,
  propertyFields: readonly number[],
): (bytes: Buffer) => Incoming<Message> {
  return (bytes) => {
    const found = new Map<number, PropertyMap>();
    const rest: Uint8Array[] = [];
    const reader = new WireReader(bytes);
    for (let start = 0; reader.next(); start = reader.offset) {
      if (reader.type === BYTES && propertyFields.includes(reader.field)) {
        found.set(reader.field, decodeProperties(reader.message()));
      } else {
        reader.skip();
        rest.push(bytes.subarray(start, reader.offset));
      }
    }
    const message = parse(Buffer.concat(rest));
    return { message, properties: (field) => found.get(field) ?? {} };
  };
}

/** The bytes of a message: fields may stand in any order, so the properties follow the rest. */
export function encodeOutgoing({ message, properties = {} }: Outgoing): Buffer {
  const parts: Uint8Array[] = [message.serializeBinary()];
  for (const [field, map] of Object.entries(properties)) {
    const encoded = encodeProperties(map);
    const header = new ReverseWireWriter();
    header.prefix(Number(field), encoded.length);
    parts.push(header.finish(), encoded);
  }
  return Buffer.concat(parts);
}
