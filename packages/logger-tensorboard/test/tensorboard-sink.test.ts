import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { record } from '@microbatch/core';
import { metricNames, type TrainEvent } from '@microbatch/core/logger';
import { concat, defer, from } from 'rxjs';
import { readEvents, readScalars } from 'tensorboard-writer';
import { expect, test } from 'vitest';
import { tensorboard, tensorboardSink } from '../src/index.js';
import { shownPoints } from './shown-points.js';
import { runInfo, smallRun } from './small-run.js';
import { temporaryFolder } from './temporary-folder.js';

const onDiagnostic = () => {};

function log(microStep: number, values: Record<string, number>): TrainEvent {
  return { type: 'log', microStep, step: 0, samples: 0, epoch: 0, time: 1000 * microStep, values };
}

test('record() brings a run to TensorBoard', async () => {
  const logDir = join(temporaryFolder(), 'runs', 'a');
  const [receipt] = await record(from(smallRun(true)), [tensorboard({ logDir })], { onDiagnostic });
  expect(receipt).toMatchObject({ received: 13, written: 13, errors: [] });
  const shown = await shownPoints(logDir);
  expect(shown['train/loss']).toEqual([
    [2, 3],
    [4, 1.5],
  ]);
  expect(shown['valid/accuracy']).toEqual([[4, 0.75]]);
  const { wallTimes } = (await readScalars(logDir)).series.get('train/loss')!;
  expect([...wallTimes]).toEqual([1_700_000_002, 1_700_000_004]);
});

test('one point for a tag and x: the latest logged, but a batch wins over what the user logs by its name', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir, stepAxis: 'accumulated' });
  const run = smallRun(true);
  sink.open(runInfo(true));
  sink.write(run);
  // The clocks of run-end: still at x = 2.
  sink.write([
    { ...log(4, { mine: 5, 'train/loss': 7 }), step: 2 },
    { ...log(5, { mine: 6 }), step: 2 },
  ]);
  sink.close('finished');
  const shown = await shownPoints(logDir);
  expect(shown['train/loss']).toEqual([
    [1, 3],
    [2, 1.5],
  ]);
  expect(shown.mine).toEqual([
    [0, 1],
    [1, 2],
    [2, 6],
  ]);
});

test('what a batch shows is handed to the file at once', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir });
  sink.open(runInfo(true));
  // Each call at least 64 KiB: the file must not buffer it, whatever the clock says.
  const metrics = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`metric-${at}-${'x'.repeat(20)}`, at]));
  sink.write(
    smallRun(true)
      .slice(0, 5)
      .map((event) => (event.type === 'accumulated-batch' ? { ...event, metrics } : event)),
  );
  const shown = await shownPoints(logDir);
  expect(shown['train/micro_loss']).toEqual([
    [1, 4],
    [2, 2],
  ]);
  expect(shown['train/metric-1000-xxxxxxxxxxxxxxxxxxxx']).toEqual([[2, 1000]]);
  sink.close('stopped');
});

test.each(['micro', 'accumulated', 'samples'] as const)(
  'at most one point for a tag and x on the %s axis, whatever names metrics and logged values have',
  async (stepAxis) => {
    for (const names of ['microbatch', 'fastai'] as const) {
      const scheme = metricNames(names);
      const taken = ['loss', 'loss_smooth', 'micro_loss', 'learning_rate', 'grad_norm', 'accum_batch_size'];
      const metrics = Object.fromEntries(taken.map((metric) => [metric, 99]));
      const values = { [scheme.loss]: 77, [scheme.gradNorm]: 77, [scheme.valid('loss')]: 77, mine: 77 };
      const events = smallRun(true).flatMap((event): TrainEvent[] => {
        if (event.type !== 'accumulated-batch') return [event];
        const { microStep, step, samples, epoch, time } = event;
        const logged: TrainEvent = { type: 'log', microStep, step, samples, epoch, time, values };
        return [logged, { ...event, metrics }, logged];
      });
      const logDir = temporaryFolder();
      const sink = tensorboardSink({ logDir, stepAxis, names });
      sink.open(runInfo(true));
      for (const event of events) {
        sink.write([event]);
        if (event.type === 'epoch-end') sink.flush();
      }
      sink.close('finished');
      const shown = await shownPoints(logDir);
      for (const points of Object.values(shown)) {
        const xs = points.map(([x]) => x);
        expect(xs).toEqual([...new Set(xs)].sort((a, b) => a - b));
      }
      expect(shown[scheme.loss]?.map(([, value]) => value)).toEqual([3, 1.5]);
      expect(shown[scheme.smoothLoss]?.map(([, value]) => value)).toEqual([19, 17.5]);
      expect(shown[scheme.valid('loss')]?.at(-1)?.[1]).toBe(0.5);
      expect(shown.mine?.at(-1)?.[1]).toBe(77);
    }
  },
);

test('logged values are handed to the file when x moves on, and by flush, which settles x', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir });
  sink.open(runInfo(true));
  sink.write([log(1, { a: 1 }), log(1, { a: 2 }), log(2, { a: 3, b: 4 })]);
  sink.flush();
  expect(await shownPoints(logDir)).toEqual({
    a: [
      [1, 2],
      [2, 3],
    ],
    b: [[2, 4]],
  });
  sink.write([log(2, { a: 9, c: 5 }), log(3, { a: 6 })]);
  sink.close('finished');
  expect(await shownPoints(logDir)).toEqual({
    a: [
      [1, 2],
      [2, 3],
      [3, 6],
    ],
    b: [[2, 4]],
    c: [[2, 5]],
  });
});

test('layout split: one chart of training and validation, in two runs', async () => {
  const logDir = temporaryFolder();
  await record(from(smallRun(true)), [tensorboard({ logDir, layout: 'split' })], { onDiagnostic });
  expect(readdirSync(logDir).sort()).toEqual(['train', 'validation']);
  const train = await shownPoints(join(logDir, 'train'));
  expect(Object.keys(train).sort()).toEqual([
    'accum_batch_size',
    'accuracy',
    'grad_norm',
    'learning_rate',
    'loss',
    'loss_smooth',
    'micro_loss',
    'mine',
  ]);
  expect(train.loss).toEqual([
    [2, 3],
    [4, 1.5],
  ]);
  expect(await shownPoints(join(logDir, 'validation'))).toEqual({ loss: [[4, 0.5]], accuracy: [[4, 0.75]] });
});

test('layout split: tags that become one are one, and nothing validated makes no run', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir, layout: 'split' });
  sink.open(runInfo(true));
  sink.write([log(1, { 'train/loss': 1, loss: 2, 'train/': 3, 'valid/': 4 })]);
  sink.close('finished');
  expect(await shownPoints(join(logDir, 'train'))).toEqual({ loss: [[1, 2]], 'train/': [[1, 3]], 'valid/': [[1, 4]] });
  expect(existsSync(join(logDir, 'validation'))).toBe(false);
});

test('a second run of a folder opens a file of its own; a resumed one says where it takes over', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir });
  const files: Buffer[] = [];
  for (const run of [runInfo(true), runInfo(true, { resumedAt: { microStep: 2, step: 1 } })]) {
    sink.open(run);
    sink.write([log(5, { a: 1 })]);
    sink.close('finished');
    files.push(readFileSync(join(logDir, readdirSync(logDir).sort()[0]!)));
  }
  const [first, second] = readdirSync(logDir).sort();
  expect(files[0]?.equals(files[1]!)).toBe(true);
  expect(await sessionStart(join(logDir, first!))).toBe(5);
  expect(await sessionStart(join(logDir, second!))).toBe(3);
});

test.each([
  ['micro', 3],
  ['accumulated', 2],
  ['samples', 9],
] as const)(
  'on the %s axis a resumed run hides nothing of what lies behind it, whatever it logs first',
  async (stepAxis, start) => {
    const logDir = temporaryFolder();
    const sink = tensorboardSink({ logDir, stepAxis });
    const resumedAt = { microStep: 2, step: 1, samples: 8 };
    sink.open(runInfo(true, { resumedAt }));
    sink.write([{ ...log(2, { a: 1 }), ...resumedAt }, ...smallRun(true).slice(5)]);
    sink.close('finished');
    const [file] = readdirSync(logDir);
    expect(await sessionStart(join(logDir, file!))).toBe(start);
    expect((await shownPoints(logDir)).a).toEqual([[start - 1, 1]]);
  },
);

test('a resumed run of a journal that does not say its samples takes over with its first point', async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir, stepAxis: 'samples' });
  sink.open(runInfo(true, { resumedAt: { microStep: 2, step: 1 } }));
  sink.write(smallRun(true).slice(5));
  sink.close('finished');
  const [file] = readdirSync(logDir);
  expect(await sessionStart(join(logDir, file!))).toBe(12);
});

test.each([
  ['logDir', { logDir: '' }, /logDir must be the path of a folder, not ''/],
  ['logDir', { logDir: undefined }, /logDir .*not undefined/],
  ['stepAxis', { stepAxis: 'epoch' }, /stepAxis .*"epoch"/],
  ['names', { names: 'keras' }, /names .*"keras"/],
  ['layout', { layout: 'double' }, /layout must be 'single' or 'split', not 'double'/],
  ['option', { logdir: 'runs' }, /there is no option logdir, given 'runs'/],
  ['layout with names', { layout: 'split', names: 'fastai' }, /layout 'split' needs names: 'microbatch'/],
])('a bad %s is refused before anything is made', (_, bad, message) => {
  const logDir = join(temporaryFolder(), 'run');
  const make = () => tensorboard({ logDir, ...bad } as never);
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
  expect(existsSync(logDir)).toBe(false);
});

test('maxQueued and timeoutMs are those of defineLogger', () => {
  const logDir = temporaryFolder();
  expect(tensorboard({ logDir, maxQueued: 5, timeoutMs: 6 }).name).toBe('tensorboard');
  expect(() => tensorboard({ logDir, maxQueued: 0 })).toThrow(/maxQueued must be a positive integer, not 0/);
  expect(() => tensorboard({ logDir, timeoutMs: -1 })).toThrow(/timeoutMs must be a positive integer, not -1/);
  expect(() => tensorboardSink({ logDir, maxQueued: 5 } as never)).toThrow(/there is no option maxQueued, given 5/);
});

test('the accumulated axis is refused where micro-batches are recorded', () => {
  const logDir = join(temporaryFolder(), 'run');
  const sink = tensorboardSink({ logDir, stepAxis: 'accumulated' });
  expect(() => sink.open(runInfo(false))).toThrow(/stepAxis 'accumulated' needs logAccumBatch: true/);
  expect(existsSync(logDir)).toBe(false);
});

test('a folder that cannot be made: the receipt names the option and the value, and training goes on', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'mine');
  const logDir = join(file, 'run');
  const [receipt] = await record(from(smallRun(true)), [tensorboard({ logDir })], { onDiagnostic });
  expect(receipt?.errors).toHaveLength(1);
  expect(receipt?.errors[0]).toMatchObject({ code: 'open-failed', cause: { code: 'open-failed' } });
  expect(receipt?.errors[0]?.message).toContain(`logDir ${JSON.stringify(logDir)}`);
  expect(receipt?.written).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('a folder deleted in mid-run: one error, and a receipt that balances', async () => {
  const logDir = temporaryFolder();
  const events = smallRun(true);
  const rest = defer(() => {
    rmSync(logDir, { recursive: true });
    return from(events.slice(4));
  });
  const logger = tensorboard({ logDir });
  const [receipt] = await record(concat(from(events.slice(0, 4)), rest), [logger], { onDiagnostic });
  expect(receipt?.errors.at(-1)).toMatchObject({ cause: { code: 'file-deleted' } });
  const dropped = Object.values(receipt?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
  expect(receipt!.written + dropped).toBe(receipt?.received);
});

async function sessionStart(path: string): Promise<number | bigint | undefined> {
  for await (const event of readEvents(path)) if (event.kind === 'session') return event.step;
  return undefined;
}
