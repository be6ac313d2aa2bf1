import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEvents, SummaryWriter } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

/** A file's events in order: the step of a START, and each summary's step with its tags. */
async function eventsOf(path: string): Promise<[what: string, step: number | bigint][]> {
  const events = await collect(readEvents(path));
  return events.slice(1).map((event) => {
    if (event.kind === 'summary') return [event.values.map(({ tag }) => tag).join(), event.step];
    return [event.kind, event.step];
  });
}

test('what describes the run does not say where the file takes over: the first value does', async () => {
  const folder = temporaryFolder();
  const writer = new SummaryWriter(folder);
  writer.addHParamsStart({ lr: 1 });
  writer.addCustomScalars({ all: { losses: { multiline: ['loss'] } } });
  writer.addScalar('loss', 1, 7);
  writer.addHParamsEnd('success');
  writer.close();
  expect(await eventsOf(writer.path)).toEqual([
    ['session', Number.MAX_SAFE_INTEGER],
    ['_hparams_/session_start_info', 0],
    ['custom_scalars__config__', 0],
    ['session', 7],
    ['loss', 7],
    ['_hparams_/session_end_info', 0],
  ]);
});

test('what a first value at step 0 hides with all earlier values is written anew', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  writer.addHParamsStart({ lr: 1 });
  writer.addText('notes', 'begun', 0);
  writer.addScalar('loss', 1, 0);
  writer.close();
  expect(await eventsOf(writer.path)).toEqual([
    ['session', Number.MAX_SAFE_INTEGER],
    ['_hparams_/session_start_info', 0],
    ['session', 0],
    ['_hparams_/session_start_info', 0],
    ['notes', 0],
    ['loss', 0],
  ]);
});

test('a purgeStep stands before everything, and stays alone', async () => {
  const writer = new SummaryWriter(temporaryFolder(), { purgeStep: 3 });
  writer.addHParamsStart({ lr: 1 });
  writer.addScalar('loss', 1, 5);
  writer.close();
  expect(await eventsOf(writer.path)).toEqual([
    ['session', 3],
    ['_hparams_/session_start_info', 0],
    ['loss', 5],
  ]);
});

test('addHParams writes the metrics as scalars, and the session into a folder of its own where it has a name', async () => {
  const folder = temporaryFolder();
  const writer = new SummaryWriter(folder);
  writer.addHParams({ lr: 0.5, name: 'a' }, { accuracy: 0.75 }, { step: 4, domains: { lr: [0.5, 1] } });
  writer.addHParams({ lr: 1 }, { accuracy: 0.5 }, { runName: 'trial' });
  writer.close();
  const session = ['experiment', 'session_start_info', 'session_end_info'].map((tag) => [`_hparams_/${tag}`, 0]);
  expect(await eventsOf(writer.path)).toEqual([['session', 4], ['accuracy', 4], ...session]);
  const trial = join(folder, 'trial');
  expect(await eventsOf(join(trial, readdirSync(trial)[0]!))).toEqual([['session', 0], ['accuracy', 0], ...session]);
});

test.each([
  ['hparams', { a: [] }, {}, /hparams\["a"\] must be a number/],
  ['domain', { a: 1 }, { domains: { a: ['x'] } }, /domains\["a"\]\[0\] must be a finite number/],
  ['step', { a: 1 }, { step: -1 }, /step must be an integer from 0 to 2\^53 - 1, not -1/],
  ['runName', { a: 1 }, { runName: '' }, /runName must not be empty/],
  ['wallTime', { a: 1 }, { wallTime: Number.NaN }, /wallTime must be seconds since 1970.* not NaN/],
])('a bad %s of addHParams writes nothing', async (_, hparams, options, message) => {
  const folder = temporaryFolder();
  const writer = new SummaryWriter(folder);
  expect(() => writer.addHParams(hparams as never, { m: 1 }, options)).toThrow(message);
  writer.close();
  expect(await eventsOf(writer.path)).toEqual([['session', Number.MAX_SAFE_INTEGER]]);
  expect(readdirSync(folder)).toHaveLength(1);
});
