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
  expect(toHParams({ '': 1, nothing: null, absent: undefined, empty: {} })).toEqual({});
});

test('a key named __proto__ is a key', () => {
  expect(Object.entries(toHParams(JSON.parse('{"__proto__":1,"a":{"__proto__":2}}')))).toEqual([
    ['__proto__', 1],
    ['a.__proto__', 2],
  ]);
});
