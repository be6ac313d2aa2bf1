import { decodeJson, encodeJson } from '@microbatch/core/logger';
import type { CheckpointContent, CheckpointData, SavedDtype, SavedTensor } from './checkpoint-content.js';
import { CheckpointError } from './checkpoint-error.js';
import { crc32 } from './crc32.js';

/*
 * FORMAT (docs/checkpoints.md); numbers are little-endian.
 *   0   8  89 4d 42 43 4b 0d 0a 1a   not text: a transfer that changes line ends or cuts off at 1a destroys it
 *   8   4  length of the header
 *  12   4  CRC-32 of the header
 *  16   …  the header: JSON, padded with spaces so that what follows lies at a multiple of 64
 *   …   …  the tensors' bytes, one behind the other in the header's order; nothing follows
 */
const MAGIC = Uint8Array.of(0x89, 0x4d, 0x42, 0x43, 0x4b, 0x0d, 0x0a, 0x1a);
const PREFIX_BYTES = 16;
const ALIGNMENT = 64;
const FORMAT = 'microbatch-checkpoint';
const SCHEMA = 1;

const BYTES: Readonly<Record<SavedDtype, number>> = { float32: 4, int32: 4, bool: 1 };

/** A tensor as the header describes it. */
interface TensorEntry {
  readonly part: string;
  readonly name: string;
  readonly dtype: SavedDtype;
  readonly shape: readonly number[];
  /** In bytes, from the header's end. */
  readonly offset: number;
  readonly crc32: number;
}

interface Header extends CheckpointData {
  readonly format: typeof FORMAT;
  readonly schema: typeof SCHEMA;
  readonly tensors: readonly TensorEntry[];
}

/** The bytes of a checkpoint, in pieces; the tensors' are not copied. */
export function encodeCheckpoint({ data, tensors }: CheckpointContent): Uint8Array[] {
  // Those of whole words first, so that each lies where a typed array may begin.
  const ordered = [...tensors].sort((a, b) => BYTES[b.dtype] - BYTES[a.dtype]);
  let offset = 0;
  const entries = ordered.map(({ part, name, dtype, shape, bytes }): TensorEntry => {
    const entry = { part, name, dtype, shape, offset, crc32: crc32(bytes) };
    offset += bytes.length;
    return entry;
  });
  const header = { format: FORMAT, schema: SCHEMA, ...data, tensors: entries } satisfies Header;
  const text = new TextEncoder().encode(JSON.stringify(encodeJson(header)));
  const length = Math.ceil((PREFIX_BYTES + text.length) / ALIGNMENT) * ALIGNMENT - PREFIX_BYTES;
  const head = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  head.set(MAGIC);
  head.set(text, PREFIX_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(8, length, true);
  view.setUint32(12, crc32(head.subarray(PREFIX_BYTES)), true);
  return [head, ...ordered.map(({ bytes }) => bytes)];
}

/**
 * Reads the bytes of a checkpoint; the tensors' are views of them. Throws a `CheckpointError`: `not-a-checkpoint`,
 * `unknown-schema`, or `damaged` where a byte is missing, too much, or other than it was written.
 */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointContent {
  const { header, end } = decodeHeader(bytes);
  let offset = 0;
  const tensors = header.tensors.map((entry): SavedTensor => {
    const { part, name, dtype, shape } = entry;
    const length = BYTES[dtype] * shape.reduce((size, length) => size * length, 1);
    const from = end + offset;
    if (entry.offset !== offset) throw damaged(`${part}/${name} is said to begin at ${entry.offset}, not at ${offset}`);
    if (from + length > bytes.length) throw damaged(`it ends inside ${part}/${name}, after ${bytes.length} bytes`);
    const own = bytes.subarray(from, from + length);
    if (crc32(own) !== entry.crc32) throw damaged(`the checksum of ${part}/${name} does not match`);
    offset += length;
    return { part, name, dtype, shape, bytes: own };
  });
  if (end + offset !== bytes.length) {
    throw damaged(`it has ${bytes.length} bytes, where its header tells of ${end + offset}`);
  }
  const { format: _, schema: __, tensors: ___, ...data } = header;
  return { data, tensors };
}

function decodeHeader(bytes: Uint8Array): { readonly header: Header; readonly end: number } {
  const begun = bytes.subarray(0, MAGIC.length);
  if (begun.some((byte, at) => byte !== MAGIC[at])) {
    throw new CheckpointError('not-a-checkpoint', 'it does not begin as a checkpoint does');
  }
  if (bytes.length < PREFIX_BYTES) throw damaged(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const end = PREFIX_BYTES + view.getUint32(8, true);
  if (end > bytes.length) throw damaged(`it ends inside its header, after ${bytes.length} bytes`);
  const text = bytes.subarray(PREFIX_BYTES, end);
  if (crc32(text) !== view.getUint32(12, true)) throw damaged('the checksum of its header does not match');
  const { format, schema, ...rest } = JSON.parse(new TextDecoder().decode(text)) as Header;
  if (format !== FORMAT) throw new CheckpointError('not-a-checkpoint', `its format is ${JSON.stringify(format)}`);
  if (schema !== SCHEMA) {
    const message = `its schema is ${JSON.stringify(schema)}, and this version of @microbatch/tfjs reads ${SCHEMA}`;
    throw new CheckpointError('unknown-schema', message);
  }
  return { header: decodeJson({ format, schema, ...rest }) as Header, end };
}

function damaged(message: string): CheckpointError {
  return new CheckpointError('damaged', message);
}
