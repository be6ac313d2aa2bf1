const TWO_32 = 2 ** 32;

/** Data that is no protobuf message. */
export class MalformedError extends Error {}

/**
 * Walks over the fields of one protobuf message, `bytes[start, end)`. After `next()`, `field` and `wireType` say what
 * lies at hand; exactly one of the read methods, or `skip()`, must follow. Throws a `MalformedError`, never reads
 * outside the message.
 *
 * FORMAT: a field is varint(number << 3 | wire type), then 0: varint, 1: 8 bytes, 2: varint length + bytes, 5: 4 bytes.
 */
export class WireReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
  field = 0;
  wireType = 0;
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  next(): boolean {
    if (this.at >= this.end) return false;
    this.#varint();
    this.field = this.#low >>> 3;
    this.wireType = this.#low & 7;
    if (this.field === 0 || this.#high !== 0) throw new MalformedError('no such field');
    return true;
  }

  /** Whether the field at hand is `field` with `wireType`. */
  is(field: number, wireType: number): boolean {
    return this.field === field && this.wireType === wireType;
  }

  skip(): void {
    if (this.wireType === 0) this.#varint();
    else if (this.wireType === 1) this.#take(8);
    else if (this.wireType === 2) this.message();
    else if (this.wireType === 5) this.#take(4);
    else throw new MalformedError('no such wire type');
  }

  /** A small unsigned number, such as an enum's. */
  uint32(): number {
    this.#varint();
    return this.#low;
  }

  /** A signed 64-bit number; a bigint where a number would not be exact. */
  int64(): number | bigint {
    this.#varint();
    const signedHigh = this.#high | 0;
    const value = signedHigh * TWO_32 + this.#low;
    if (Number.isSafeInteger(value)) return value;
    return (BigInt(signedHigh) << 32n) | BigInt(this.#low);
  }

  double(): number {
    return this.bytes.readDoubleLE(this.#take(8));
  }

  float(): number {
    return this.bytes.readFloatLE(this.#take(4));
  }

  string(): string {
    const start = this.message();
    return this.bytes.toString('utf8', start, this.at);
  }

  /** A copy of a length-delimited field. */
  copy(): Uint8Array {
    const start = this.message();
    return new Uint8Array(this.bytes.subarray(start, this.at));
  }

  /** Adds the numbers of a repeated float, packed or not, to `to`. */
  floats(to: { push(value: number): unknown }): void {
    this.#repeated(5, () => to.push(this.float()));
  }

  doubles(to: { push(value: number): unknown }): void {
    this.#repeated(1, () => to.push(this.double()));
  }

  /** Of all the types that are varints. */
  int64s(to: (number | bigint)[]): void {
    this.#repeated(0, () => to.push(this.int64()));
  }

  #repeated(single: number, read: () => void): void {
    if (this.wireType === single) read();
    else if (this.wireType !== 2) this.skip();
    else {
      const start = this.message();
      const end = this.at;
      this.at = start;
      while (this.at < end) read();
      if (this.at !== end) throw new MalformedError('cut off');
    }
  }

  /** Passes over a length-delimited field; returns where its contents begin. They end at `at`. */
  message(): number {
    this.#varint();
    if (this.#high !== 0) throw new MalformedError('too long');
    return this.#take(this.#low);
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw new MalformedError('cut off');
    this.at = start + length;
    return start;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw new MalformedError('cut off');
      const byte = this.bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new MalformedError('varint too long');
  }
}
