import type { MessageField, MessageSchema } from './record-schema.js';

/** A message as plain data: numbers, strings, booleans, arrays and objects of them. */
export type PlainMessage = { readonly [field: string]: unknown };

// Protobuf wire format: each field is varint(number << 3 | wire type), then a varint (type 0) or varint(length) + bytes (type 2).
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Serializes `message`; like proto3, a field that is absent, zero, false or '' is left out. */
export function encodeMessage(schema: MessageSchema, message: PlainMessage): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, field] of Object.entries(schema)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const one of field.repeated ? (value as unknown[]) : [value]) encodeField(field, one, parts);
  }
  return Buffer.concat(parts);
}

function encodeField(field: MessageField, value: unknown, parts: Uint8Array[]): void {
  if (field.kind === 'int' || field.kind === 'flag') {
    const number = Number(value);
    if (number !== 0) parts.push(varint((field.number << 3) | VARINT), varint(number));
    return;
  }
  if (field.kind === 'text' && value === '' && !field.repeated) return;
  const bytes = field.kind === 'text' ? Buffer.from(value as string) : encodeMessage(field.kind, value as PlainMessage);
  parts.push(varint((field.number << 3) | LENGTH), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/**
 * Reads a message into a plain object with the fields that are present; fields that the schema lacks are skipped.
 * Throws a `RangeError` where the bytes are no message.
 */
export function decodeMessage(schema: MessageSchema, bytes: Uint8Array): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const fields = fieldsByNumber(schema);
  const cursor: Cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    const content = readContent(cursor, tag & 7);
    const entry = fields.get(tag >>> 3);
    if (entry === undefined) continue;
    const [name, field] = entry;
    const value = decodeField(field, content);
    if (field.repeated) {
      message[name] ??= [];
      (message[name] as unknown[]).push(value);
    } else {
      message[name] = value;
    }
  }
  return message;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function decodeField(field: MessageField, content: number | Uint8Array): unknown {
  if (typeof content === 'number') {
    if (field.kind === 'int') return content;
    if (field.kind === 'flag') return content !== 0;
  } else {
    if (field.kind === 'text') return Buffer.from(content.buffer, content.byteOffset, content.length).toString();
    if (typeof field.kind === 'object') return decodeMessage(field.kind, content);
  }
  throw new RangeError(`field ${field.number} has another wire type than its schema`);
}

function readContent(cursor: Cursor, wireType: number): number | Uint8Array {
  if (wireType === VARINT) return readVarint(cursor);
  let length = wireType === FIXED64 ? 8 : 4;
  if (wireType === LENGTH) length = readVarint(cursor);
  else if (wireType !== FIXED64 && wireType !== FIXED32) throw new RangeError(`wire type ${wireType} does not exist`);
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length) throw new RangeError('a field is longer than its message');
  const content = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return content;
}

function readVarint(cursor: Cursor): number {
  const start = cursor.at;
  let value = 0;
  for (let digits = 0, scale = 1; digits < 10; digits++, scale *= 128) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * scale;
    // Seven digits are 49 bits, which a double holds; longer ones are mostly negative numbers.
    if (byte < 0x80) return digits < 7 ? value : longVarint(cursor.bytes.subarray(start, cursor.at));
  }
  throw new RangeError('a varint has no end');
}

function longVarint(bytes: Uint8Array): number {
  const value = bytes.reduceRight((rest, byte) => (rest << 7n) | BigInt(byte & 0x7f), 0n);
  return Number(BigInt.asIntN(64, value));
}

const tables = new WeakMap<MessageSchema, ReadonlyMap<number, readonly [string, MessageField]>>();

function fieldsByNumber(schema: MessageSchema): ReadonlyMap<number, readonly [string, MessageField]> {
  let table = tables.get(schema);
  if (table === undefined) {
    table = new Map(Object.entries(schema).map(([name, field]) => [field.number, [name, field]]));
    tables.set(schema, table);
  }
  return table;
}
