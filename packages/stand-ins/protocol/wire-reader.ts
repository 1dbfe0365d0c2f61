/** Wire types of protobuf fields. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

/** Reads protobuf's wire format field by field, without copying. */
export class WireReader {
  private position: number;
  private end: number;
  /** Number of the field that `next` found. */
  field = 0;
  /** Wire type of the field that `next` found. */
  type = 0;

  constructor(
    private readonly bytes: Buffer,
    start = 0,
    end = bytes.length,
  ) {
    this.position = start;
    this.end = end;
  }

  /** Moves to the next field; its value must then be read or skipped. */
  next(): boolean {
    if (this.position >= this.end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.type = tag & 7;
    return true;
  }

  /** An unsigned number of up to 32 bits; the bits above are dropped. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error(
      "protobuf message — a number is longer than 10 bytes — the sender and this plugin speak different protocols",
    );
  }

  double(): number {
    const at = this.advance(8);
    return this.bytes.readDoubleLE(at);
  }

  string(): string {
    const length = this.varint();
    const at = this.advance(length);
    return this.bytes.toString("utf8", at, at + length);
  }

  /** A reader for the message in this field. */
  message(): WireReader {
    const length = this.varint();
    const at = this.advance(length);
    return new WireReader(this.bytes, at, at + length);
  }

  /** Skips the value of the field that `next` found. */
  skip(): void {
    if (this.type === VARINT) this.varint();
    else if (this.type === FIXED64) this.advance(8);
    else if (this.type === BYTES) this.advance(this.varint());
    else if (this.type === FIXED32) this.advance(4);
    else
      throw new Error(
        `protobuf message — wire type ${this.type} is not known — the sender and this plugin speak different protocols`,
      );
  }

  /** Position of the reader, for copying skipped bytes. */
  get offset(): number {
    return this.position;
  }

  private byte(): number {
    const at = this.advance(1);
    return this.bytes[at] as number;
  }

  private advance(length: number): number {
    const at = this.position;
    if (at + length > this.end)
      throw new Error("protobuf message — ends in the middle of a value — it was cut on its way");
    this.position = at + length;
    return at;
  }
}
