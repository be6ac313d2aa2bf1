import { expect, test } from 'vitest';
import { toHParams } from '../src/config-hparams.js';

test('numbers, strings and booleans stay, what is nested gets a path, lists become JSON', () => {
  const config = {
    lr: 0.1,
    name: 'a',
    nesterov: false,
    optimizer: { name: 'adam', betas: [0.9, 0.999], schedule: { warmup: 0 } },
    layers: [{ units: 3 }],
  };
  expect(toHParams(config)).toEqual({
    lr: 0.1,
    name: 'a',
    nesterov: false,
    'optimizer.name': 'adam',
    'optimizer.betas': '[0.9,0.999]',
    'optimizer.schedule.warmup': 0,
    layers: '[{"units":3}]',
  });
});

test('what the table has no cell for is left out', () => {
  expect(toHParams({ '': 1, nothing: null, absent: undefined })).toEqual({});
  expect(toHParams({})).toEqual({});
});

test('what is empty is text', () => {
  expect(toHParams({ none: {}, list: [], a: { none: {} } })).toEqual({ none: '{}', list: '[]', 'a.none': '{}' });
});

test('typed arrays are lists, wherever they lie', () => {
  const bytes = Uint8Array.of(1, 2);
  const floats = Float64Array.of(0.5, 2);
  expect(toHParams({ bytes, floats, a: { bytes }, list: [bytes, { floats }] })).toEqual({
    bytes: '[1,2]',
    floats: '[0.5,2]',
    'a.bytes': '[1,2]',
    list: '[[1,2],{"floats":[0.5,2]}]',
  });
});

test('of two keys that get one name the first keeps it, and the next get a number', () => {
  expect(toHParams({ 'a.b': 1, a: { b: 2 } })).toEqual({ 'a.b': 1, 'a.b (2)': 2 });
  expect(toHParams({ a: { b: 2, 'b (2)': 3 }, 'a.b': 1, '': { a: { b: 4 } } })).toEqual({
    'a.b': 2,
    'a.b (2)': 3,
    'a.b (3)': 1,
    'a.b (4)': 4,
  });
});

test('a key named __proto__ is a key', () => {
  expect(Object.entries(toHParams(JSON.parse('{"__proto__":1,"a":{"__proto__":2}}')))).toEqual([
    ['__proto__', 1],
    ['a.__proto__', 2],
  ]);
});
