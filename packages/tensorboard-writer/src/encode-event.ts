import { varintLength, writeVarint } from './varint.js';

/*
 * BYTES (tensorflow/core/util/event.proto, summary.proto; fields in the order of their numbers, zeros left out):
 *   Event          09 wall_time:f64   10 step:varint   then one of
 *     file_version 1a length text
 *     summary      2a length ( 0a length Value )
 *     session_log  3a length ( 08 status )
 *   Value          0a length tag   15 simple_value:f32
 */
const FILE_VERSION = new TextEncoder().encode('brain.Event:2');
const SESSION_START = 1;

/** What stands in a scalar's event between the step and the number: the same for every point of a tag. */
export type ScalarPrefix = Uint8Array;

export function encodeScalarPrefix(tag: string): ScalarPrefix {
  const text = new TextEncoder().encode(tag);
  const value = 1 + varintLength(text.length) + text.length + 5;
  const summary = 1 + varintLength(value) + value;
  const prefix = new Uint8Array(1 + varintLength(summary) + summary - 4);
  prefix[0] = 0x2a;
  let at = writeVarint(prefix, 1, summary);
  prefix[at] = 0x0a;
  at = writeVarint(prefix, at + 1, value);
  prefix[at] = 0x0a;
  at = writeVarint(prefix, at + 1, text.length);
  prefix.set(text, at);
  prefix[at + text.length] = 0x15;
  return prefix;
}

/** The event that makes a file an event file. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  const event = new Uint8Array(9 + 2 + FILE_VERSION.length);
  const at = writeTime(event, new DataView(event.buffer), 0, wallTime, 0);
  event.set([0x1a, FILE_VERSION.length], at);
  event.set(FILE_VERSION, at + 2);
  return event;
}

/** The event that tells TensorBoard that a session begins: what earlier files hold from `step` on is superseded. */
export function encodeSessionStart(wallTime: number, step: number): Uint8Array {
  const event = new Uint8Array(9 + stepLength(step) + 4);
  const at = writeTime(event, new DataView(event.buffer), 0, wallTime, step);
  event.set([0x3a, 2, 0x08, SESSION_START], at);
  return event;
}

/** Bytes of an event whose payload, a whole field such as a summary, is encoded already. */
export function eventLength(payload: Uint8Array, step: number): number {
  return 9 + stepLength(step) + payload.length;
}

/** Writes such an event at `start`. */
export function writeEvent(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  payload: Uint8Array,
  step: number,
  wallTime: number,
): void {
  bytes.set(payload, writeTime(bytes, view, start, wallTime, step));
}

/** Bytes of a scalar's event. */
export function scalarEventLength(prefix: ScalarPrefix, step: number): number {
  return 9 + stepLength(step) + prefix.length + 4;
}

/** Writes a scalar's event at `start`. TensorBoard holds scalars as 32-bit floats. */
export function writeScalarEvent(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  prefix: ScalarPrefix,
  scalar: number,
  step: number,
  wallTime: number,
): void {
  const at = writeTime(bytes, view, start, wallTime, step);
  // Faster than `set` for tags of usual length.
  for (let i = 0; i < prefix.length; i++) bytes[at + i] = prefix[i]!;
  view.setFloat32(at + prefix.length, scalar, true);
}

function stepLength(step: number): number {
  return step === 0 ? 0 : 1 + varintLength(step);
}

function writeTime(bytes: Uint8Array, view: DataView, start: number, wallTime: number, step: number): number {
  bytes[start] = 0x09;
  view.setFloat64(start + 1, wallTime, true);
  if (step === 0) return start + 9;
  bytes[start + 9] = 0x10;
  return writeVarint(bytes, start + 10, step);
}
