import { record } from '@microbatch/core';
import { recordedLosses, runOf, sampleRun } from '@microbatch/core/testing';
import { from } from 'rxjs';
import { expect, it } from 'vitest';
import { readWandbRun, wandb, wandbSink } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';

it('is a logger that record() drives to the end, and that can be used again', async () => {
  const dir = emptyFolder();
  const logger = wandb({ dir, quiet: true });
  for (const id of ['one', 'two']) {
    const events = sampleRun({ id });
    const [receipt] = await record(from(events), [logger], { strict: true, onDiagnostic: () => {} });
    expect(receipt).toMatchObject({ logger: 'wandb', received: events.length, written: events.length, dropped: {} });
    const { history, exit } = readWandbRun(runFolders(dir).find((path) => path.endsWith(`-${id}`))!);
    expect(history.map((row) => row['train/loss'])).toEqual(recordedLosses(events));
    expect(exit?.exitCode).toBe(0);
  }
});

it('refuses bad options when it is made', () => {
  expect(() => wandb({ project: 'a/b' })).toThrow(TypeError);
  expect(() => wandb({ maxQueued: 0 })).toThrow(RangeError);
});

it('has a run on disk from the moment it opens', () => {
  const dir = emptyFolder();
  const sink = wandbSink({ dir, quiet: true });
  const [start] = sampleRun();
  if (start?.type === 'run-start') sink.open(start.run);
  expect(readWandbRun(runFolders(dir)[0]!)).toMatchObject({ run: { id: 'sample' }, metrics: { length: 4 } });
  sink.close('stopped');
});

it.each([{}, { mode: 'disabled' }] as const)(
  'refuses a second run while one is open, and goes on with it (%j)',
  (options) => {
    const dir = emptyFolder();
    const sink = wandbSink({ dir, quiet: true, ...options });
    const events = sampleRun();
    sink.open(runOf(events));
    expect(() => sink.open(runOf(sampleRun({ id: 'two' })))).toThrow(
      expect.objectContaining({ name: 'LoggerError', code: 'in-use' }),
    );
    sink.write(events);
    sink.close('finished');
    sink.open(runOf(events));
    sink.close('finished');
    expect(runFolders(dir).filter((path) => path.endsWith('-two'))).toEqual([]);
  },
);
