import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type GraphModel, SummaryWriter } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const matrix = { shape: [2, 2], data: [1, 2, 3, 4] };

const calls: [name: string, call: (writer: SummaryWriter, options: never) => unknown][] = [
  ['SummaryWriter', (_, options) => new SummaryWriter(temporaryFolder(), options)],
  ['addHistogram', (w, options) => w.addHistogram('t', [1], 1, options)],
  ['addImage', (w, options) => w.addImage('t', matrix, 1, options)],
  ['addImages', (w, options) => w.addImages('t', { shape: [1, 2, 2], data: [0, 0, 0, 0] }, 1, options)],
  ['addText', (w, options) => w.addText('t', 'text', 1, options)],
  ['addAudio', (w, options) => w.addAudio('t', [0], 1, options)],
  ['addPrCurve', (w, options) => w.addPrCurve('t', [0], [0], 1, options)],
  ['addMesh', (w, options) => w.addMesh('t', { shape: [1, 1, 3], data: [0, 0, 0] }, 1, options)],
  ['addHParams', (w, options) => w.addHParams({}, {}, options)],
  ['addHParamsStart', (w, options) => w.addHParamsStart({}, options)],
  ['addHParamsEnd', (w, options) => w.addHParamsEnd('success', options)],
  ['addCustomScalars', (w, options) => w.addCustomScalars({}, options)],
  ['addEmbedding', (w, options) => w.addEmbedding(matrix, options)],
  ['addGraph', (w, options) => w.addGraph({} as GraphModel, options)],
];

test('every method that takes options is among these', () => {
  const methods = Object.getOwnPropertyNames(SummaryWriter.prototype).filter((name) => name.startsWith('add'));
  const positional = ['addScalar', 'addScalars'];
  expect(calls.map(([name]) => name).sort()).toEqual(
    ['SummaryWriter', ...methods.filter((name) => !positional.includes(name))].sort(),
  );
});

test.each(calls)('%s refuses an option that it has not, and a time in the place of options', (_, call) => {
  using writer = new SummaryWriter(temporaryFolder());
  writer.flush();
  const before = readFileSync(writer.path);
  for (const [options, message] of [
    [{ walltime: 1 }, /^options has no walltime \(1\): there are [\w, ]+$/],
    [1.7e9, 'options must be an object, not 1700000000'],
    [null, 'options must be an object, not null'],
  ] as const) {
    expect(() => call(writer, options as never)).toThrow(TypeError);
    expect(() => call(writer, options as never)).toThrow(message);
  }
  writer.flush();
  expect(readFileSync(writer.path).equals(before)).toBe(true);
});
