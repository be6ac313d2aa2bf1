import assert from 'node:assert/strict';
import { type AccumulationPolicy, createAccumulator, type TrainingPlan } from '@microbatch/core';
import { type GridEntry, gridPolicy, planOfTrace, policyOf, type Trace } from './traces.js';

export interface ScheduleState {
  readonly scheduled: number;
  readonly schedulePct: number;
}

/** The running sums of the schedule, as a snapshot shows them. */
export function scheduleState(snapshot: unknown): ScheduleState {
  return (snapshot as { state: { targets: ScheduleState } }).state.targets;
}

/** Compares the schedule of a trace that dropped windows. Returns the micro-batches that are equal; throws at one that is not. */
export function compareDroppingSchedule(trace: Trace): number {
  const { config, micro } = trace;
  const sizes = micro.sched_accum_bs as number[];
  followSchedule(policyOf(config.ga!, 'drop'), planOfTrace(trace), sizes, micro.schedule_pct as number[]);
  return sizes.length;
}

/**
 * Compares one entry of the grid: `'equal'`; `'refused'` where its bounds are no schedule; `'corrected'` where its start
 * is an epoch. Throws where it is none of the three.
 */
export function compareGridEntry(entry: GridEntry): 'equal' | 'refused' | 'corrected' {
  const plan = planOfGrid(entry);
  const make = () => createAccumulator(policyOf(gridPolicy(entry), entry.drop_last ? 'drop' : 'carry'), plan);
  const share = (value: number, type?: string) => (type === 'int' ? value / entry.epochs : value);
  const start = share(entry.start!, entry.start_type);
  const finish = share(entry.finish!, entry.finish_type);
  if (finish > 1 || start >= finish) {
    assert.throws(make, RangeError);
    return 'refused';
  }
  // fastxtend forgets to convert an epoch given as start.
  if (entry.start_type === 'int' && entry.start! >= 1) {
    const { policy } = make().run;
    assert.deepEqual(policy.kind === 'schedule' && [policy.start, policy.finish], [start, finish]);
    return 'corrected';
  }
  assert.equal(entry.error, null);
  const policy = policyOf(gridPolicy(entry), entry.drop_last ? 'drop' : 'carry');
  followSchedule(policy, plan, entry.sched_accum_bs, entry.schedule_pct);
  if (entry.drop_last) return 'equal';
  const accumulator = make();
  accumulator.start();
  for (const [at, target] of entry.accum_bs.entries()) {
    const within = at % plan.microBatchesPerEpoch;
    const samples = Math.min(entry.bs, entry.rows - within * entry.bs);
    const status = accumulator.next({ loss: 0, samples });
    const ours = [status.target, status.window === 'full' ? 1 : 0];
    assert.deepEqual(ours, [target, entry.stepped[at]], `micro-batch ${at}`);
    if (status.window === 'full') accumulator.applied();
  }
  return 'equal';
}

export function planOfGrid({ bs, rows, epochs }: GridEntry): Required<TrainingPlan> {
  return { microBatchSize: bs, microBatchesPerEpoch: Math.ceil(rows / bs), epochs };
}

function followSchedule(
  policy: AccumulationPolicy,
  plan: Required<TrainingPlan>,
  scheduledSizes: readonly number[],
  schedulePcts: readonly number[],
): void {
  const accumulator = createAccumulator(policy, plan);
  accumulator.start();
  for (const [at, size] of scheduledSizes.entries()) {
    if (accumulator.next({ loss: 0, samples: plan.microBatchSize }).window === 'full') accumulator.applied();
    const { scheduled, schedulePct } = scheduleState(accumulator.snapshot());
    assert.deepEqual([scheduled, schedulePct], [size, schedulePcts[at]], `micro-batch ${at}`);
  }
}
