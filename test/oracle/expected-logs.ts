import assert from 'node:assert/strict';
import { relativeError } from './comparison.js';
import { fitsOf, microBatchesOf, recorded, type Trace } from './traces.js';

/** What fastai's callbacks log and we do not: other hyper-parameters than the learning rate, and a speed. */
export const FASTAI_ONLY = ['wd_0', 'mom_0', 'sqr_mom_0', 'eps_0', 'train_samples_per_sec'];

/** fastai's TensorBoard callback writes its training tags in each of the 3 validation batches of an epoch too. */
const VALIDATION_BATCHES = 3;

/**
 * The W&B rows of one fit by step: fastai's `wandb.log` calls merged by step, as W&B merges them. A fit of ours is a run
 * of its own, so its steps and epochs count from 0 where fastai goes on counting.
 */
export function expectedRows(trace: Trace, fit: number): Map<number, Record<string, number>> {
  const { config, wandb_keysets, wandb_calls, wandb_after_fit } = trace;
  const firstStep = fit === 0 ? 0 : wandb_after_fit[fit - 1]!.run_step;
  const endStep = wandb_after_fit[fit]!.run_step;
  const rows = new Map<number, Record<string, number>>();
  for (const [step, keys, ...values] of wandb_calls) {
    if (step === null || step < firstStep || step >= endStep) continue;
    const row = rows.get(step - firstStep) ?? {};
    rows.set(step - firstStep, row);
    for (const [at, key] of wandb_keysets[keys]!.entries()) {
      if (FASTAI_ONLY.includes(key)) continue;
      row[key] = recorded(values[at]) - (key === 'epoch' ? fit * config.epochs : 0);
    }
  }
  if (logsScheduleOnlyHere(trace)) {
    for (const at of steppedIn(trace, fit)) {
      rows.get(Number(trace.micro.wandb_step![at]) - firstStep)!.accumulation_batch_size = Number(
        trace.micro.accum_bs![at],
      );
    }
  }
  return rows;
}

/** The TensorBoard points of one fit by tag and step: what fastai wrote, without what it wrote twice or more. */
export function expectedPoints(trace: Trace, fit: number): Map<string, Map<number, number>> {
  const { micro, config } = trace;
  const ats = microBatchesOf(trace, fit);
  const column = (name: string, at: readonly number[]) =>
    new Map(at.map((index) => [Number(micro.train_iter![index]), Math.fround(recorded(micro[name]![index]))]));
  const tags = new Map<string, Map<number, number>>();
  for (const [tag, [steps, values]] of Object.entries(trace.tb[fit]!)) {
    if (FASTAI_ONLY.includes(tag)) continue;
    const points = steps.map((step, at) => [step, recorded(values[at])] as const);
    const isTraining = tag !== 'valid_loss' && tag !== 'mae' && tag !== 'accumulation_batch_size';
    const kept = isTraining ? withoutValidation(points, trace, fit) : points;
    // fastxtend looks for the callback under another name than it has, and so lets it write at every micro-batch.
    const due = isTraining && config.tb === 'asis' ? kept.filter(([step]) => isLogged(trace, fit, step)) : kept;
    assert.equal(new Set(due.map(([step]) => step)).size, due.length, `steps of ${tag} stand once`);
    tags.set(tag, new Map(due));
  }
  // fastai's TensorBoard callback shows no loss that is not smoothed: here is the one that its recorder kept.
  tags.set(
    'raw_loss',
    column(
      'loss',
      ats.filter((at) => micro.logged![at] === 1),
    ),
  );
  if (recordsWindows(config)) tags.set('micro_loss', column('raw_loss', ats));
  if (logsScheduleOnlyHere(trace)) tags.set('accumulation_batch_size', column('accum_bs', steppedIn(trace, fit)));
  return tags;
}

/** Points that fastai writes twice or more at one step: how many, and whether all show the same value. */
export function duplicatePoints(trace: Trace): { count: number; differ: boolean } {
  let count = 0;
  let differ = false;
  for (const fit of fitsOf(trace)) {
    const [steps, values] = trace.tb[fit]!.train_loss!;
    for (const [at, step] of steps.entries()) {
      if (steps[at - 1] !== step) continue;
      count += 1;
      differ ||= values[at] !== values[at - 1];
    }
  }
  return { count, differ };
}

type Points = (readonly [step: number, value: number])[];

function withoutValidation(points: Points, trace: Trace, fit: number): Points {
  const { config, n_micro_per_epoch } = trace;
  let left = points;
  for (let epoch = 1; epoch <= config.epochs; epoch += 1) {
    const last = left.findLastIndex(([step]) => step === epoch * n_micro_per_epoch);
    const first = last - VALIDATION_BATCHES + 1;
    const removed = left.slice(first, last + 1);
    assert.equal(removed.length, VALIDATION_BATCHES, `points that fit ${fit} wrote in validation ${epoch}`);
    for (const [step, value] of removed) {
      assert.equal(step, epoch * n_micro_per_epoch);
      assert.ok(first === 0 || relativeError(value, left[first - 1]![1]) === 0, 'validation repeats the last value');
    }
    left = [...left.slice(0, first), ...left.slice(last + 1)];
  }
  return left;
}

function isLogged({ micro, config, n_micro_per_epoch }: Trace, fit: number, step: number): boolean {
  return micro.logged![fit * n_micro_per_epoch * config.epochs + step - 1] === 1;
}

function recordsWindows({ ga }: Trace['config']): boolean {
  return ga !== null && ga.kind !== 'fastai' && ga.log_accum_batch !== false;
}

/** fastxtend logs the schedule only where it logs accumulated batches; ours does with each accumulated batch. */
function logsScheduleOnlyHere({ config: { ga } }: Trace): boolean {
  return ga?.kind === 'schedule' && ga.log_accum_batch === false;
}

function steppedIn(trace: Trace, fit: number): number[] {
  return microBatchesOf(trace, fit).filter((at) => trace.micro.stepped![at] === 1);
}
