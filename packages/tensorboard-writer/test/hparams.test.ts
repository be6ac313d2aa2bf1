import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeHParams, encodeHParamsEnd, encodeHParamsStart } from '../src/hparams.js';
import { presentField } from '../src/message.js';
import { encodedEvent, goldenEvents } from './golden-events.js';

const golden: Record<'experiment' | 'start' | 'end', string> = JSON.parse(
  readFileSync(new URL('golden/hparams.json', import.meta.url), 'utf8'),
);
const summaryOf = (hex: string) => Buffer.from(presentField(5, Buffer.from(hex, 'hex'))).toString('hex');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test("a session is byte for byte what TensorBoard's own functions make of it", () => {
  const values = { batch: 0, bias: false, empty: '', lr: -0.5, name: 'größe', shuffle: true };
  const start = encodeHParamsStart(values, { groupName: 'group', startTime: 1_700_000_000.25 });
  expect(hex(start)).toBe(summaryOf(golden.start));
  expect(hex(encodeHParamsEnd('failure', 1_700_000_001.5))).toBe(summaryOf(golden.end));
});

test("an experiment with its domains is byte for byte what TensorBoard's own function makes of it", () => {
  const {
    empty: _,
    shuffle: __,
    ...values
  } = { batch: 0, bias: false, empty: '', lr: -0.5, name: 'größe', shuffle: true };
  const domains = { batch: [0, 16, 32], bias: [false, true], lr: { min: -0.5, max: 0 }, name: ['größe'] };
  const [experiment] = encodeHParams(values, { 'loss/train': 1, accuracy: 2 }, { domains });
  expect(hex(experiment!)).toBe(summaryOf(golden.experiment));
});

test("the metadata are byte for byte those of PyTorch's add_hparams, which writes booleans as numbers", () => {
  const values = { lr: 0.001, batch: 32, optimizer: 'adam', bias: 1 };
  const domains = { batch: [16, 32], optimizer: ['adam', 'sgd'] };
  const payloads = encodeHParams(values, { 'hparam/accuracy': 0.75, 'hparam/loss': 0.25 }, { domains });
  const wanted = goldenEvents('torch-hparams.tfevents').slice(0, 3);
  for (const [at, tag] of ['experiment', 'session_start_info', 'session_end_info'].entries()) {
    const behind = (event: string) => event.split(Buffer.from(`_hparams_/${tag}`).toString('hex'))[1];
    // TensorBoard's functions put an empty tensor beside them, PyTorch nothing.
    expect(behind(encodedEvent(payloads[at]!, 0))).toBe(`4206080112021200${behind(wanted[at]!)}`);
  }
});

const encode = (hparams: unknown, metrics: unknown = {}, options: unknown = {}) =>
  encodeHParams(hparams as never, metrics as never, options as never);

test.each<[string, () => unknown, string]>([
  ['hparams', () => encode(null), 'hparams must be an object of numbers, strings and booleans, not null'],
  ['hparams', () => encode([1]), 'hparams must be an object of numbers, strings and booleans, not [ 1 ]'],
  ['a name', () => encode({ '': 1 }), "a key of hparams must not be empty, not ''"],
  ['a value', () => encode({ a: null }), 'hparams["a"] must be a number, a string or a boolean, not null'],
  ['a value', () => encode({ a: [1] }), 'hparams["a"] must be a number, a string or a boolean, not [ 1 ]'],
  ['metrics', () => encode({}, 3), 'metrics must be an object of numbers, not 3'],
  ['a metric', () => encode({}, { m: '1' }), 'metrics["m"] must be a number, not \'1\''],
  ['a metric', () => encode({}, { '': 1 }), "a key of metrics must not be empty, not ''"],
  ['domains', () => encode({ a: 1 }, {}, { domains: [] }), 'domains must be an object of domains, not []'],
  ['domains', () => encode({ a: 1 }, {}, { domains: { b: [1] } }), 'domains has "b", which hparams has not'],
  [
    'a domain',
    () => encode({ a: 1 }, {}, { domains: { a: 3 } }),
    'domains["a"] must be a list of values or { min, max }, not 3',
  ],
  [
    'a domain',
    () => encode({ a: 1 }, {}, { domains: { a: ['x'] } }),
    'domains["a"][0] must be a finite number, not \'x\'',
  ],
  [
    'a domain',
    () => encode({ a: 1 }, {}, { domains: { a: [Number.NaN] } }),
    'domains["a"][0] must be a finite number, not NaN',
  ],
  [
    'a domain',
    () => encode({ a: 1 }, {}, { domains: { a: { min: 2, max: 1 } } }),
    'domains["a"] must be finite, with min <= max, not 2 to 1',
  ],
  [
    'a domain',
    () => encode({ a: 1 }, {}, { domains: { a: { min: 2 } } }),
    'domains["a"].max must be a number, not undefined',
  ],
  [
    'a domain',
    () => encode({ a: 'x' }, {}, { domains: { a: { min: 2, max: 3 } } }),
    'domains["a"] must be a list of values, not { min: 2, max: 3 }',
  ],
  [
    'status',
    () => encode({}, {}, { status: 'done' }),
    "status must be 'unknown', 'success', 'failure' or 'running', not 'done'",
  ],
  ['groupName', () => encode({}, {}, { groupName: 3 }), 'groupName must be a string, not 3'],
  [
    'startTime',
    () => encode({}, {}, { startTime: Number.NaN }),
    'startTime must be seconds since 1970, from 0 to 1e11, not NaN',
  ],
  [
    'endTime',
    () => encode({}, {}, { endTime: 1e12 }),
    'endTime must be seconds since 1970, from 0 to 1e11, not 1000000000000',
  ],
])('a bad %s is named with its value', (_, act, message) => {
  expect(act).toThrow(message);
});
