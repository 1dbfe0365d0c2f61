import { BYTES, FIXED64, VARINT } from "./wire-reader";

const FIRST_SIZE = 1024;

/**
 * Writes protobuf's wire format from the end to the start: a message's length stands before it and is known after it, so
 * that nothing is measured or copied twice. Fields and list items are given last first.
 */
export class ReverseWireWriter {
  private bytes = Buffer.allocUnsafe(FIRST_SIZE);
  private position = FIRST_SIZE;

  /** Bytes written so far. */
  get length(): number {
    return this.bytes.length - this.position;
  }

  boolean(field: number, value: boolean): void {
    this.varint(value ? 1 : 0);
    this.tag(field, VARINT);
  }

  double(field: number, value: number): void {
    this.reserve(8);
    this.bytes.writeDoubleLE(value, this.position);
    this.tag(field, FIXED64);
  }

  string(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.reserve(length);
    this.bytes.write(value, this.position, "utf8");
    this.varint(length);
    this.tag(field, BYTES);
  }

  /** Wraps everything written since `before` (a `length` taken earlier) as one message. */
  wrap(field: number, before: number): void {
    this.prefix(field, this.length - before);
  }

  /** Header of an embedded message of `length` bytes that is written elsewhere. */
  prefix(field: number, length: number): void {
    this.varint(length);
    this.tag(field, BYTES);
  }

  finish(): Buffer {
    return this.bytes.subarray(this.position);
  }

  private tag(field: number, type: number): void {
    this.varint((field << 3) | type);
  }

  private varint(value: number): void {
    let size = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
    this.reserve(size);
    let rest = value;
    for (let at = 0; at < size; at++, rest >>>= 7) {
      this.bytes[this.position + at] = at === size - 1 ? rest : (rest & 0x7f) | 0x80;
    }
  }

  private reserve(size: number): void {
    if (size > this.position) {
      const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + size));
      const position = grown.length - this.length;
      this.bytes.copy(grown, position, this.position);
      this.bytes = grown;
      this.position = position;
    }
    this.position -= size;
  }
}
