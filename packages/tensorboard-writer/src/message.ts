import { endianness } from 'node:os';
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

export function doubleField(field: number, value: number): Uint8Array {
  return Object.is(value, 0) ? NOTHING : presentDoubleField(field, value);
}

/** A double that is there, also where it is 0: one alternative of several. */
export function presentDoubleField(field: number, value: number): Uint8Array {
  const head = (field << 3) | 1;
  const bytes = new Uint8Array(varintLength(head) + 8);
  new DataView(bytes.buffer).setFloat64(writeVarint(bytes, 0, head), value, true);
  return bytes;
}

/** Bytes or a message that is there, also where it is empty. */
export function presentField(field: number, contents: Uint8Array): Uint8Array {
  const head = (field << 3) | 2;
  const bytes = new Uint8Array(varintLength(head) + varintLength(contents.length) + contents.length);
  bytes.set(contents, writeVarint(bytes, writeVarint(bytes, 0, head), contents.length));
  return bytes;
}

/** A field of bytes or a message in parts, which are to be joined later: so that large contents are copied once. */
export function fieldParts(field: number, contents: readonly Uint8Array[]): Uint8Array[] {
  const head = (field << 3) | 2;
  let length = 0;
  for (const part of contents) length += part.length;
  const bytes = new Uint8Array(varintLength(head) + varintLength(length));
  writeVarint(bytes, writeVarint(bytes, 0, head), length);
  return [bytes, ...contents];
}

/** Bytes; left out where they are empty. */
export function bytesField(field: number, contents: Uint8Array): Uint8Array {
  return contents.length === 0 ? NOTHING : presentField(field, contents);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, utf8.encode(text));
}

/** Doubles as they stand in a message, little-endian: their own memory where the machine has them so. */
export function doubleBytes(values: Float64Array): Uint8Array {
  if (endianness() === 'LE') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < values.length; at += 1) view.setFloat64(8 * at, values[at]!, true);
  return bytes;
}
