import { crc32 as zlibCrc32 } from 'node:zlib';
import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/checkpoint/checkpoint-format.js';
import { crc32, portableCrc32 } from '../../src/checkpoint/crc32.js';
import { CheckpointError, train } from '../../src/index.js';
import '../backends.js';
import { classes, classifier } from '../fixtures.js';
import { memoryStore } from './stores.js';

/** A real checkpoint, taken inside a window. */
async function checkpoint(): Promise<Uint8Array> {
  const store = memoryStore();
  const run = train({
    model: classifier(),
    optimizer: tf.train.adam(0.01),
    loss: 'categoricalCrossentropy',
    data: { ...classes(20), batchSize: 4 },
    accumulation: gradientAccumulation({ accumBatchSize: 16 }),
    checkpoints: { store, every: { microBatches: 5 } },
  });
  await run.done;
  return store.kept[1]!;
}

function errorOf(bytes: Uint8Array): unknown {
  try {
    decodeCheckpoint(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a checkpoint', () => {
  it('comes back as it was', async () => {
    const bytes = await checkpoint();
    const content = decodeCheckpoint(bytes);
    expect(Buffer.concat(encodeCheckpoint(content)).equals(bytes)).toBe(true);
    expect(new Set(content.tensors.map(({ part }) => part))).toEqual(new Set(['model', 'optimizer', 'gradients']));
    const numbers = [Number.NaN, Number.NEGATIVE_INFINITY, -0];
    const tensors = [
      { part: 'a', name: 'flags', dtype: 'bool', shape: [3], bytes: Uint8Array.of(1, 0, 1) },
      { part: 'a', name: 'none', dtype: 'float32', shape: [0, 2], bytes: new Uint8Array() },
      { part: 'b', name: 'one', dtype: 'int32', shape: [], bytes: Uint8Array.of(1, 2, 3, 4) },
    ] as const;
    const own = { data: { ...content.data, parts: { a: numbers } }, tensors };
    const read = decodeCheckpoint(Buffer.concat(encodeCheckpoint(own)));
    expect(read.data.parts).toEqual({ a: numbers });
    expect(read.tensors.map(({ bytes, ...rest }) => ({ ...rest, bytes: [...bytes] }))).toEqual(
      [tensors[1], tensors[2], tensors[0]].map(({ bytes, ...rest }) => ({ ...rest, bytes: [...bytes] })),
    );
  });

  it('that ends anywhere else is refused', async () => {
    const bytes = await checkpoint();
    for (let length = 0; length < bytes.length; length++) {
      expect(errorOf(bytes.subarray(0, length))).toMatchObject({ name: 'CheckpointError', code: 'damaged' });
    }
    expect(errorOf(Buffer.concat([bytes, Uint8Array.of(0)]))).toMatchObject({ code: 'damaged' });
  });

  it('is refused with any one bit changed, and with any few', async () => {
    const bytes = await checkpoint();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const error = errorOf(bytes);
      if (!(error instanceof CheckpointError)) throw new Error(`bit ${bit} may change: ${error}`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    for (let trial = 0; trial < 2000; trial++) {
      const changed = bytes.slice();
      for (let flips = 0; flips < 5; flips++) {
        const bit = Math.floor(Math.random() * bytes.length * 8);
        changed[bit >> 3]! ^= 1 << (bit & 7);
      }
      if (Buffer.compare(changed, bytes) !== 0) expect(errorOf(changed)).toBeInstanceOf(CheckpointError);
    }
    expect(errorOf(bytes)).toBeUndefined();
  });

  it('of a later schema is told from a damaged one', async () => {
    const content = decodeCheckpoint(await checkpoint());
    const later = encodeCheckpoint({ ...content, data: { ...content.data, schema: 2 } as never });
    expect(errorOf(Buffer.concat(later))).toMatchObject({
      code: 'unknown-schema',
      message: expect.stringContaining('2'),
    });
    expect(errorOf(Buffer.from('{"format":"json"}'))).toMatchObject({ code: 'not-a-checkpoint' });
  });
});

it.each([crc32, portableCrc32])("computes zlib's checksum, in pieces too: %o", (crc32) => {
  const bytes = Uint8Array.from({ length: 1003 }, (_, at) => (at * 31 + (at >> 3)) & 0xff);
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [3, 10],
    [1, 9],
    [0, 1003],
  ] as const) {
    expect(crc32(bytes.subarray(from, to))).toBe(zlibCrc32(bytes.subarray(from, to)));
  }
  expect(crc32(bytes.subarray(100), crc32(bytes.subarray(0, 100)))).toBe(zlibCrc32(bytes));
});
