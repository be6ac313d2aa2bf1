import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEventFile } from '../src/event-file.js';
import { readEvents, readScalars, type TensorValue } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

interface Golden {
  now: number;
  points: { tag: string; value: number | string; step: number; wallTime: number }[];
}

const goldenPath = (name: string) => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const golden: Golden = JSON.parse(readFileSync(goldenPath('scalars.json'), 'utf8'));

test("scalars are byte for byte what TensorFlow's encoder and record writer make of them", () => {
  const file = createEventFile(temporaryFolder(), { now: () => golden.now * 1000 });
  for (const { tag, value, step, wallTime } of golden.points) file.scalar(tag, Number(value), step, wallTime);
  file.close();
  expect(readFileSync(file.path).toString('hex')).toBe(readFileSync(goldenPath('scalars.tfevents')).toString('hex'));
});

test("TensorFlow's scalars are read back", async () => {
  const events = await collect(readEvents(goldenPath('scalars.tfevents')));
  expect(events.slice(0, 2)).toEqual([
    { kind: 'file-version', wallTime: golden.now, step: 0, version: 'brain.Event:2' },
    { kind: 'session', wallTime: golden.now, step: golden.points[0]?.step, status: 'start' },
  ]);
  expect(events.slice(2)).toEqual(
    golden.points.map(({ tag, value, step, wallTime }) => ({
      kind: 'summary',
      wallTime,
      step,
      values: [{ kind: 'scalar', tag, value: Math.fround(Number(value)) }],
    })),
  );
});

test('scalar tensors are read in every form, and nothing else passes for a scalar', async () => {
  const events = await collect(readEvents(goldenPath('tensors.tfevents')));
  expect(events.slice(1).map((event) => [event.step, event.kind === 'summary' ? event.values[0] : event.kind])).toEqual(
    [
      [1, { kind: 'scalar', tag: 't', value: 1.5 }],
      [2, { kind: 'scalar', tag: 't', value: 2.5 }],
      [3, { kind: 'scalar', tag: 't', value: 0.1 }],
      [4, { kind: 'scalar', tag: 't', value: 0.2 }],
      [5, tensor('t', 'scalars', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) })],
      [6, tensor('t', 'scalars', { dtype: 'int32', shape: [], data: Int32Array.of(7) })],
      [6, tensor('t', 'scalars', { dtype: 'int32', shape: [], data: Int32Array.of(7) })],
      [7, { kind: 'text', tag: 'words', shape: [], texts: ['hello'] }],
      [8, tensor('unknown', undefined, { dtype: 'float32', shape: [], data: Float32Array.of(9) })],
      [2n ** 53n + 2n, { kind: 'scalar', tag: 't', value: 10 }],
      [-3, { kind: 'scalar', tag: 't', value: 11 }],
      [11, 'session'],
    ],
  );
});

function tensor(tag: string, plugin: string | undefined, value: TensorValue) {
  return { kind: 'tensor', tag, ...(plugin === undefined ? {} : { plugin }), tensor: value };
}

test('columns leave out, and count, steps that no number holds', async () => {
  const { series, files } = await readScalars(goldenPath('tensors.tfevents'));
  expect([...series.keys()]).toEqual(['t']);
  expect([...(series.get('t')?.steps ?? [])]).toEqual([1, 2, 3, 4, -3]);
  expect(files[0]).toMatchObject({ unsafeSteps: 1, stopped: { reason: 'end' } });
});

test('what tf.summary.scalar of TensorFlow 2 writes', async () => {
  const { series } = await readScalars(goldenPath('tf2-scalars.tfevents'));
  expect([...series.keys()]).toEqual(['loss']);
  expect([...(series.get('loss')?.steps ?? [])]).toEqual([0, 1, 2]);
  expect([...(series.get('loss')?.values ?? [])]).toEqual([1, 0.5, Math.fround(1 / 3)]);
});
