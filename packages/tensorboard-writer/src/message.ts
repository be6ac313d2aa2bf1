import { varintLength, writeVarint } from './varint.js';

/*
 * Encoded protobuf fields, to be joined by `message`. FORMAT: a field is varint(number << 3 | wire type), then
 * 0: varint, 1: 8 bytes, 2: varint length + bytes, 5: 4 bytes. As protobuf's own encoders do, fields that hold their
 * default (0, false, nothing) are left out.
 */
const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Joins encoded fields. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const field of fields) length += field.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const field of fields) {
    joined.set(field, at);
    at += field.length;
  }
  return joined;
}

/** An integer from 0 to 2^53 - 1, or an enum's value. */
export function uintField(field: number, value: number): Uint8Array {
  if (value === 0) return NOTHING;
  const head = field << 3;
  const bytes = new Uint8Array(varintLength(head) + varintLength(value));
  writeVarint(bytes, writeVarint(bytes, 0, head), value);
  return bytes;
}

export function floatField(field: number, value: number): Uint8Array {
  if (Object.is(value, 0)) return NOTHING;
  const [bytes, at] = fixedField((field << 3) | 5, 4);
  new DataView(bytes.buffer).setFloat32(at, value, true);
  return bytes;
}

export function doubleField(field: number, value: number): Uint8Array {
  if (Object.is(value, 0)) return NOTHING;
  const [bytes, at] = fixedField((field << 3) | 1, 8);
  new DataView(bytes.buffer).setFloat64(at, value, true);
  return bytes;
}

/** Bytes or a message that is there, also where it is empty. */
export function presentField(field: number, contents: Uint8Array): Uint8Array {
  const head = (field << 3) | 2;
  const bytes = new Uint8Array(varintLength(head) + varintLength(contents.length) + contents.length);
  bytes.set(contents, writeVarint(bytes, writeVarint(bytes, 0, head), contents.length));
  return bytes;
}

/** Bytes; left out where they are empty. */
export function bytesField(field: number, contents: Uint8Array): Uint8Array {
  return contents.length === 0 ? NOTHING : presentField(field, contents);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, utf8.encode(text));
}

/** A packed repeated double. */
export function doublesField(field: number, values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < values.length; at += 1) view.setFloat64(8 * at, values[at]!, true);
  return bytesField(field, bytes);
}

function fixedField(head: number, size: number): [bytes: Uint8Array, at: number] {
  const bytes = new Uint8Array(varintLength(head) + size);
  return [bytes, writeVarint(bytes, 0, head)];
}
