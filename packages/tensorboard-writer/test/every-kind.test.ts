import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readEvents, readScalars, type SummaryValue } from '../src/index.js';
import { collect } from './collect.js';

const goldenPath = (name: string) => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

async function valuesOf(path: string): Promise<SummaryValue[]> {
  const events = await collect(readEvents(path));
  return events.flatMap((event) => (event.kind === 'summary' ? event.values : []));
}

test('every kind of value, in each form in which TensorFlow and PyTorch store it', async () => {
  const protoBuckets = [
    { left: -1, right: 0, count: 2 },
    { left: 0, right: 1, count: 0 },
    { left: 1, right: 3, count: 4 },
  ];
  const tensorBuckets = [
    { left: 0, right: 1, count: 2 },
    { left: 1, right: 2, count: 5 },
  ];
  const pr = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(0.5, 0.25) };
  const wav = (text: string) => ({ bytes: bytes(text), contentType: 'audio/wav' });
  expect(await valuesOf(goldenPath('kinds.tfevents'))).toEqual([
    { kind: 'scalar', tag: 'scalar/simple', value: 1.5 },
    { kind: 'scalar', tag: 'scalar/tensor', value: 2.5 },
    { kind: 'histogram', tag: 'histogram/proto', buckets: protoBuckets },
    { kind: 'histogram', tag: 'histogram/empty', buckets: [] },
    { kind: 'histogram', tag: 'histogram/tensor', buckets: tensorBuckets },
    { kind: 'image', tag: 'image/proto', width: 3, height: 2, images: [bytes('png-a')] },
    { kind: 'image', tag: 'image/tensor', width: 3, height: 2, images: [bytes('png-b'), bytes('png-c')] },
    { kind: 'audio', tag: 'audio/proto', clips: [{ bytes: bytes('wav-a'), contentType: 'audio/x-wav' }] },
    { kind: 'audio', tag: 'audio/tensor', clips: [wav('wav-b')] },
    { kind: 'audio', tag: 'audio/labels', clips: [{ ...wav('wav-c'), label: 'label' }, wav('wav-d')] },
    { kind: 'text', tag: 'text/one', shape: [], texts: ['*größe*'] },
    { kind: 'text', tag: 'text/table', shape: [1, 2], texts: ['a', 'b'] },
    { kind: 'tensor', tag: 'pr', plugin: 'pr_curves', content: Uint8Array.of(16, 2), tensor: pr },
    {
      kind: 'tensor',
      tag: 'hparams/tensor',
      plugin: 'hparams',
      content: bytes('hp'),
      tensor: { dtype: 'float32', shape: [], data: Float32Array.of(0) },
    },
    { kind: 'other', tag: 'hparams/bare', plugin: 'hparams', content: bytes('hp') },
  ]);
});

test('every kind of event', async () => {
  const events = await collect(readEvents(goldenPath('kinds.tfevents')));
  expect(events.filter(({ kind }) => kind !== 'summary')).toEqual([
    { kind: 'file-version', wallTime: 1, step: 0, version: 'brain.Event:2' },
    { kind: 'session', wallTime: 2, step: 0, status: 'start' },
    { kind: 'graph', wallTime: 4, step: 0, graph: bytes('graph') },
    { kind: 'other', wallTime: 5, step: 9 },
  ]);
});

test('tensors of every type; what is missing at the end equals the last element, as TensorFlow has it', async () => {
  const any = { tag: 'types', plugin: 'any' };
  const values = await valuesOf(goldenPath('tensor-types.tfevents'));
  expect(values.map((value) => (value.kind === 'tensor' ? value.tensor : value))).toEqual([
    { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
    { dtype: 'float64', shape: [3], data: Float64Array.of(1, 2, 2) },
    { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 2) },
    { dtype: 'uint8', shape: [1], data: Uint8Array.of(255) },
    { dtype: 'int16', shape: [1], data: Int16Array.of(-300) },
    { dtype: 'int8', shape: [1], data: Int8Array.of(-3) },
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 62n) - 1n, 7n) },
    { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
    { dtype: 'bfloat16', shape: [1], data: Float32Array.of(-3) },
    { dtype: 'float16', shape: [4], data: Float32Array.of(1.5, 2 ** -24, Number.NEGATIVE_INFINITY, Number.NaN) },
    { dtype: 'uint16', shape: [1], data: Uint16Array.of(65535) },
    { dtype: 'uint32', shape: [1], data: Uint32Array.of(4294967295) },
    { dtype: 'uint64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
    { dtype: 'string', shape: [1], data: [Uint8Array.of(255)] },
    { dtype: 'float32', shape: [2, 0], data: new Float32Array(0) },
    { dtype: 'int32', shape: [2], data: Int32Array.of(0, 0) },
    ...Array.from({ length: 5 }, () => ({ kind: 'other', ...any })),
  ]);
  expect(values.every((value) => 'plugin' in value && value.plugin === 'any')).toBe(true);
});

const others = ['tensors', 'tf2-scalars', 'scalars', 'kinds', 'torch-scalars', 'torch-hparams', 'tensorflow-scalars'];

test.each(others)('columns hold the very scalars of the events: %s', async (name) => {
  const path = goldenPath(`${name}.tfevents`);
  const points = (await collect(readEvents(path))).flatMap((event) => {
    if (event.kind !== 'summary' || typeof event.step === 'bigint') return [];
    const { step, wallTime } = event;
    return event.values.flatMap((value) => (value.kind === 'scalar' ? [{ ...value, step, wallTime }] : []));
  });
  expect(points.length).toBeGreaterThan(0);
  const { series } = await readScalars(path);
  expect([...series.keys()]).toEqual([...new Set(points.map(({ tag }) => tag))]);
  for (const [tag, columns] of series) {
    const own = points.filter((point) => point.tag === tag);
    expect(columns).toEqual({
      steps: Float64Array.from(own, ({ step }) => step),
      values: Float64Array.from(own, ({ value }) => value),
      wallTimes: Float64Array.from(own, ({ wallTime }) => wallTime),
    });
  }
});
