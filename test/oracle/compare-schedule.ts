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

/** How many micro-batches of a schedule were computed, and how many left out because they could not fill a window. */
export interface Followed {
  readonly computed: number;
  readonly dropped: number;
}

/**
 * Compares the schedule of a trace that dropped windows, at each micro-batch that is computed here: at those after an
 * epoch's end it shows whether it went on over those that are not. Throws where it is not equal.
 */
export function compareDroppingSchedule(trace: Trace): Followed {
  const { config, micro } = trace;
  return followSchedule(policyOf(config.ga!, 'drop'), planOfTrace(trace), micro as unknown as ScheduleColumns);
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
  const samplesAt = (at: number) => Math.min(entry.bs, entry.rows - (at % plan.microBatchesPerEpoch) * entry.bs);
  followSchedule(policy, plan, { ...entry, bs: entry.sched_accum_bs.map((_size, at) => samplesAt(at)) });
  if (entry.drop_last) return 'equal';
  const accumulator = make();
  accumulator.start();
  for (const [at, target] of entry.accum_bs.entries()) {
    const status = accumulator.next({ loss: 0, samples: samplesAt(at) });
    const ours = [status.target, status.window === 'full' ? 1 : 0];
    assert.deepEqual(ours, [target, entry.stepped[at]], `micro-batch ${at}`);
    if (status.window === 'full') accumulator.applied();
  }
  return 'equal';
}

export function planOfGrid({ bs, rows, epochs }: GridEntry): Required<TrainingPlan> {
  return { microBatchSize: bs, microBatchesPerEpoch: Math.ceil(rows / bs), epochs };
}

interface ScheduleColumns {
  readonly bs: readonly number[];
  readonly sched_accum_bs: readonly number[];
  readonly schedule_pct: readonly number[];
}

function followSchedule(
  policy: AccumulationPolicy,
  plan: Required<TrainingPlan>,
  { bs, sched_accum_bs, schedule_pct }: ScheduleColumns,
): Followed {
  const accumulator = createAccumulator(policy, plan);
  accumulator.start();
  let dropped = 0;
  for (const [at, size] of sched_accum_bs.entries()) {
    const epochEnd = at - (at % plan.microBatchesPerEpoch) + plan.microBatchesPerEpoch;
    const samplesLeft = bs.slice(at, epochEnd).reduce((sum, samples) => sum + samples, 0);
    if (accumulator.tailIsDropped(samplesLeft)) {
      dropped += 1;
    } else {
      if (accumulator.next({ loss: 0, samples: bs[at]! }).window === 'full') accumulator.applied();
      const { scheduled, schedulePct } = scheduleState(accumulator.snapshot());
      assert.deepEqual([scheduled, schedulePct], [size, schedule_pct[at]], `micro-batch ${at}`);
    }
    if (at + 1 === epochEnd) accumulator.endEpoch();
  }
  return { computed: sched_accum_bs.length - dropped, dropped };
}
