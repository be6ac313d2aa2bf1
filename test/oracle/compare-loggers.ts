import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { accumulate, record, type TrainInput } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { readWandbRun, wandb } from '@microbatch/logger-wandb';
import { from } from 'rxjs';
import { readScalars } from 'tensorboard-writer';
import { type Comparison, createErrorTally } from './comparison.js';
import { expectedPoints, expectedRows } from './expected-logs.js';
import { fitsOf, microBatchesOf, planOfTrace, policyOfTrace, recorded, type Trace } from './traces.js';

/** What each of our rows holds besides: the clocks, any of which can be W&B's x. */
const OWN_COLUMNS = ['_step', '_timestamp', '_runtime', 'trainer/micro_step', 'trainer/step', 'trainer/samples'];

type Row = Record<string, unknown>;

/**
 * Logs a trace's micro-batches and validation values by the real loggers, each fit as a run of its own below `folder`,
 * and compares what their files hold with what fastai's callbacks logged. Throws where a step, a key or a tag is missing
 * or one too many.
 */
export async function compareLoggers(trace: Trace, folder: string): Promise<Comparison> {
  const { errors, note } = createErrorTally();
  for (const fit of fitsOf(trace)) {
    const { rows, points } = await logged(trace, fit, join(folder, `${fit}`));
    const theirRows = expectedRows(trace, fit);
    assert.deepEqual([...rows.keys()], [...theirRows.keys()], 'W&B steps');
    for (const [step, theirs] of theirRows) {
      const { ours, own } = columns(rows.get(step)!);
      assert.deepEqual(own, [...OWN_COLUMNS].sort(), `our own columns in W&B row ${step}`);
      assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort(), `columns of W&B row ${step}`);
      for (const [key, value] of Object.entries(theirs)) note('W&B', ours[key]!, value);
      const [row, ats] = [rows.get(step)!, microBatchesOf(trace, fit)];
      assert.deepEqual(clocksOf(row), expectedClocks(trace, ats, row), `clocks of W&B row ${step}`);
    }
    const shownAt = [...rows.values()].map((row) => row['trainer/micro_step']);
    assert.deepEqual(shownAt, [...points.get('raw_loss')!.keys()], "the W&B rows' x in TensorBoard");
    const theirPoints = expectedPoints(trace, fit);
    assert.deepEqual([...points.keys()].sort(), [...theirPoints.keys()].sort(), 'TensorBoard tags');
    for (const [tag, theirs] of theirPoints) {
      const ours = points.get(tag)!;
      assert.deepEqual([...ours.keys()], [...theirs.keys()], `TensorBoard steps of ${tag}`);
      for (const [step, value] of theirs) note('TensorBoard', ours.get(step)!, value);
    }
  }
  return { steps: trace.micro.stepped!.reduce<number>((sum, one) => sum + Number(one), 0), errors };
}

interface Logged {
  /** By step. */
  readonly rows: ReadonlyMap<number, Row>;
  /** By tag, then by step; a step that stands twice throws. */
  readonly points: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

async function logged(trace: Trace, fit: number, folder: string): Promise<Logged> {
  mkdirSync(folder, { recursive: true });
  const loggers = [
    wandb({ dir: folder, names: 'fastai', quiet: true, mode: 'offline' }),
    tensorboard({ logDir: join(folder, 'tensorboard'), names: 'fastai' }),
  ];
  const events$ = from(inputsOf(trace, fit)).pipe(accumulate(policyOfTrace(trace), planOfTrace(trace)));
  await record(events$, loggers, { strict: true, onDiagnostic: () => {} });

  const [runFolder] = readdirSync(join(folder, 'wandb')).filter((name) => name.startsWith('offline-run-'));
  const { history, damage } = readWandbRun(join(folder, 'wandb', runFolder!));
  assert.deepEqual(damage, []);
  const { series } = await readScalars(join(folder, 'tensorboard'));
  return {
    rows: uniqueBy(history.map((row) => [row._step as number, row])),
    points: new Map(
      [...series].map(([tag, { steps, values }]) => [tag, uniqueBy([...steps].map((x, i) => [x, values[i]!]))]),
    ),
  };
}

/** The recorded micro-batches, and after each epoch its recorded validation. */
function inputsOf(trace: Trace, fit: number): TrainInput[] {
  const { micro, n_micro_per_epoch, epochs } = trace;
  return microBatchesOf(trace, fit).flatMap((at): TrainInput[] => {
    const learningRate = recorded(micro.lr![at]);
    const batch = { loss: recorded(micro.raw_loss![at]), samples: Number(micro.bs![at]), learningRate };
    if ((at + 1) % n_micro_per_epoch !== 0) return [batch];
    const [, loss, mae] = epochs[(at + 1) / n_micro_per_epoch - 1]!.values;
    return [batch, { type: 'epoch-end', valid: { loss: recorded(loss), mae: recorded(mae) } }];
  });
}

function clocksOf(row: Row): unknown[] {
  return [row['trainer/step'], row['trainer/samples']];
}

/** The optimizer steps and samples of a fit up to the micro-batch of a row, by the trace's own columns. */
function expectedClocks({ micro }: Trace, trained: readonly number[], row: Row): unknown[] {
  const upTo = trained.slice(0, row['trainer/micro_step'] as number);
  const sum = (column: string) => upTo.reduce((total, at) => total + Number(micro[column]![at]), 0);
  return [sum('stepped'), sum('bs')];
}

function columns(row: Row): { ours: Record<string, number>; own: string[] } {
  const own = Object.keys(row).filter((key) => OWN_COLUMNS.includes(key));
  const ours = Object.entries(row).filter(([key]) => !OWN_COLUMNS.includes(key));
  return { ours: Object.fromEntries(ours) as Record<string, number>, own: own.sort() };
}

function uniqueBy<T>(entries: readonly (readonly [number, T])[]): Map<number, T> {
  const map = new Map(entries);
  assert.equal(map.size, entries.length, 'a step stands twice');
  return map;
}
