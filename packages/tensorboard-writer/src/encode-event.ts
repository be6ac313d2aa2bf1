import { message, presentField, textField, uintField } from './message.js';
import { summary, summaryMetadata } from './summary-value.js';
import { contentTensor } from './tensor-proto.js';
import { varintLength, writeVarint } from './varint.js';

/*
 * BYTES (tensorflow/core/util/event.proto, summary.proto; fields in the order of their numbers, zeros left out):
 *   Event          09 wall_time:f64   10 step:varint   then one of
 *     file_version 1a length text
 *     summary      2a length ( 0a length Value )
 *     session_log  3a length ( 08 status )
 *   Value          0a length tag   then one of
 *     simple_value 15 number:f32
 *     tensor       42 length ( 08 1   12 0   22 4 number:f32 )   4a length ( 0a length ( 0a length "scalars" ) )
 */
const FILE_VERSION = textField(3, 'brain.Event:2');
const SESSION_START = presentField(7, uintField(1, 1));

/** Where a scalar's number stands: in a field of its own, or in a tensor as `tf.summary.scalar` writes it. */
export type ScalarFormat = 'simple-value' | 'tensor';

/** The fields of a Value that hold the number, and where in them it stands. */
const NUMBER_FIELDS: Readonly<Record<ScalarFormat, { readonly bytes: Uint8Array; readonly numberAt: number }>> = {
  'simple-value': { bytes: Uint8Array.of(0x15, 0, 0, 0, 0), numberAt: 1 },
  tensor: {
    bytes: message(
      presentField(8, contentTensor('float', [], new Uint8Array(4))),
      presentField(9, summaryMetadata({ plugin: 'scalars' })),
    ),
    numberAt: 8,
  },
};

/** What follows the step in a scalar's event: the same for every point of a tag, but for the number at `numberAt`. */
export interface ScalarTemplate {
  readonly bytes: Uint8Array;
  readonly numberAt: number;
}

/** What is the same for every point of `tag`. */
export function encodeScalarTemplate(tag: string, format: ScalarFormat): ScalarTemplate {
  const number = NUMBER_FIELDS[format];
  const bytes = summary(message(textField(1, tag), number.bytes));
  return { bytes, numberAt: bytes.length - number.bytes.length + number.numberAt };
}

/** The event that makes a file an event file. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  return encodeEvent(FILE_VERSION, 0, wallTime);
}

/** The event that tells TensorBoard that a session begins: what earlier files hold from `step` on is superseded. */
export function encodeSessionStart(wallTime: number, step: number): Uint8Array {
  return encodeEvent(SESSION_START, step, wallTime);
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
export function scalarEventLength(template: ScalarTemplate, step: number): number {
  return 9 + stepLength(step) + template.bytes.length;
}

/** Writes a scalar's event at `start`. TensorBoard holds scalars as 32-bit floats. */
export function writeScalarEvent(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  template: ScalarTemplate,
  scalar: number,
  step: number,
  wallTime: number,
): void {
  const at = writeTime(bytes, view, start, wallTime, step);
  // Faster than `set` for tags of usual length.
  const fields = template.bytes;
  for (let i = 0; i < fields.length; i++) bytes[at + i] = fields[i]!;
  view.setFloat32(at + template.numberAt, scalar, true);
}

function encodeEvent(payload: Uint8Array, step: number, wallTime: number): Uint8Array {
  const event = new Uint8Array(eventLength(payload, step));
  writeEvent(event, new DataView(event.buffer), 0, payload, step, wallTime);
  return event;
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
