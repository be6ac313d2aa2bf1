import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientAccumulationSchedule, type MemoryLogger, memory, record, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { journal, readJournal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { readWandbRun, wandb } from '@microbatch/logger-wandb';
import { accumulateGradients } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { readScalars } from 'tensorboard-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectedPoints } from './properties/expected-points.js';
import { expectedRows } from './properties/expected-rows.js';

tf.enableProdMode();
await tf.setBackend('cpu');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drop-in-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const quiet = { onDiagnostic() {} };
const model = () => {
  const hidden = tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [3] });
  return tf.sequential({ layers: [hidden, tf.layers.dense({ units: 1 })] });
};

describe.each([true, false])('a fit recorded with logAccumBatch %s', (logAccumBatch) => {
  it.each([0, 1])('tells TensorBoard, W&B, the journal and memory the same, when it is fit %i', async (fit) => {
    const xs = tf.randomNormal([60, 3]);
    const ys = tf.sum(xs, 1, true);
    const policy = gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, logAccumBatch });
    const accumulation = accumulateGradients(tf.train.adam(0.02), policy, {
      run: (index) => ({ id: `fit-${index}`, project: 'drop-in' }),
    });
    const network = model();
    network.compile({ optimizer: accumulation.optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
    const train = { batchSize: 4, epochs: 2, validationSplit: 0.2, verbose: 0 as const };
    for (let before = 0; before < fit; before += 1)
      await network.fit(xs, ys, { ...train, callbacks: accumulation.callback });

    const file = journal({ dir: folder });
    const inMemory: MemoryLogger = memory();
    const loggers = [
      inMemory,
      tensorboard({ logDir: folder }),
      wandb({ dir: folder, quiet: true, mode: 'offline', onNotice() {} }),
      file,
    ];
    const recorded = record(accumulation.events$, loggers, { strict: true, ...quiet });
    await network.fit(xs, ys, { ...train, callbacks: accumulation.callback });
    const receipts = await recorded;

    const events = inMemory.events;
    checkGrammar(events);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished' });
    expect(events.filter(({ type }) => type === 'epoch-end')).toHaveLength(2);
    const [start] = events as [TrainEvent & { type: 'run-start' }];
    expect(start.run).toMatchObject({ id: `fit-${fit}`, project: 'drop-in' });
    for (const { received, written, dropped } of receipts) expect([written, dropped]).toEqual([received, {}]);

    const read: TrainEvent[] = [];
    for await (const event of readJournal(file.path!)) read.push(event);
    expect(read).toEqual(events);

    const [name] = readdirSync(join(folder, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
    const clock = logAccumBatch ? 'accumulated' : 'micro';
    expect(readWandbRun(join(folder, 'wandb', name!)).history).toEqual(expectedRows(events, start.run, clock));

    const { series } = await readScalars(folder);
    const points = [...series].map(([tag, { steps, values }]) => [tag, [...steps].map((x, at) => [x, values[at]])]);
    expect(Object.fromEntries(points)).toEqual(expectedPoints(events, start.run, 'micro'));
    expect(Object.keys(Object.fromEntries(points))).toEqual(expect.arrayContaining(['train/loss', 'valid/mae']));
  });
});
