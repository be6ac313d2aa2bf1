import { type AccumulatedBatchEvent, createAccumulator, type MicroBatchEvent, type TrainEvent } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { checkGrammar } from '@microbatch/core/testing';
import { type GridEntry, gridPolicy, policyOf, type RecordedPolicy, recorded, scheduleGrid, type Trace, traces } from './traces.js';

interface ScheduleState {
  scheduled: number;
  schedulePct: number;
}

/** The running sums of the schedule, as a snapshot shows them. */
function scheduleState(snapshot: unknown): ScheduleState {
  return (snapshot as { state: { targets: ScheduleState } }).state.targets;
}

function relativeError(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  return Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
}

/** The policy that a trace amounts to: without accumulation, each micro-batch is a window of its own. */
function policyOfTrace({ config }: Trace): RecordedPolicy {
  const { ga, bs } = config;
  if (ga === null) return { kind: 'fixed', accum_bs: bs, log_accum_batch: false, drop_last: false };
  return ga.kind === 'fastai' ? { ...ga, log_accum_batch: false, drop_last: false } : ga;
}

const admitted = traces.filter((trace) => trace.error === null && policyOfTrace(trace).drop_last === false);
const droppingSchedules = traces.filter(({ error, config: { ga } }) => error === null && ga?.kind === 'schedule' && ga.drop_last !== false);

describe.each(admitted.map((trace) => [trace.name, trace] as const))('fastxtend trace %s', (_name, trace) => {
  const { config, micro } = trace;
  const ga = policyOfTrace(trace);
  const tolerance = config.dtype === 'float64' ? 1e-12 : 3e-6;
  // A last micro-batch of 3 rows does not close a window of 8: without accumulation the real one steps all the same.
  const size = (at: number) => (config.ga === null ? config.bs : Number(micro.bs![at]));

  it.each(Array.from({ length: config.fits }, (_, fit) => fit))('is equal in fit %i', (fit) => {
    const plan = { microBatchSize: config.bs, microBatchesPerEpoch: trace.n_micro_per_epoch, epochs: config.epochs };
    const accumulator = createAccumulator(policyOf(ga), plan);
    const perFit = trace.n_micro_per_epoch * config.epochs;
    const events: TrainEvent[] = [...accumulator.start()];
    let compared = 0;
    for (let within = 0; within < perFit; within += 1) {
      const at = fit * perFit + within;
      const { events: micros, window } = accumulator.next({ loss: recorded(micro.raw_loss![at]), samples: size(at) });
      events.push(...micros);
      expect(window === 'full', `micro-batch ${at} steps`).toBe(micro.stepped![at] === 1);
      let batch = micros.find((event): event is MicroBatchEvent => event.type === 'micro-batch')!;
      expect(batch.microStep).toBe(micro.train_iter![at]);
      let shown: MicroBatchEvent | AccumulatedBatchEvent = batch;
      if (micro.accum_bs) expect(batch.window.target).toBe(micro.accum_bs[at]);
      if (window === 'full') {
        const applied = accumulator.applied();
        events.push(...applied);
        const [accumulated] = applied as [AccumulatedBatchEvent];
        if (ga.log_accum_batch !== false) shown = accumulated;
      }
      if (micro.sched_accum_bs) {
        const { scheduled, schedulePct } = scheduleState(accumulator.snapshot());
        expect(scheduled).toBe(micro.sched_accum_bs[at]);
        expect(schedulePct).toBe(micro.schedule_pct![at]);
      }
      if (micro.logged![at] === 1) {
        expect(relativeError(shown.loss, recorded(micro.loss![at])), `loss at ${at}`).toBeLessThanOrEqual(tolerance);
        if (fit === 0 && !(trace.config as { seed_smooth_loss?: boolean }).seed_smooth_loss) {
          const error = relativeError(shown.smoothLoss!, recorded(micro.smooth_loss![at]));
          expect(error, `smooth loss at ${at}`).toBeLessThanOrEqual(tolerance);
        }
        compared += 1;
      }
      if (within % trace.n_micro_per_epoch === trace.n_micro_per_epoch - 1) events.push(...accumulator.endEpoch());
    }
    events.push(...accumulator.end());
    checkGrammar(events);
    expect(compared).toBe(micro.logged!.slice(fit * perFit, (fit + 1) * perFit).reduce<number>((sum, one) => sum + Number(one), 0));
  });
});

describe.each(droppingSchedules.map((trace) => [trace.name, trace] as const))('schedule of %s', (_name, trace) => {
  it('is equal although windows are dropped otherwise', () => {
    const { config, micro, n_micro_per_epoch: microBatchesPerEpoch } = trace;
    const plan = { microBatchSize: config.bs, microBatchesPerEpoch, epochs: config.epochs };
    followSchedule(policyOf(config.ga!, 'drop'), plan, micro.sched_accum_bs as number[], micro.schedule_pct as number[]);
  });
});

function followSchedule(
  policy: ReturnType<typeof policyOf>,
  plan: { microBatchSize: number; microBatchesPerEpoch: number; epochs: number },
  scheduledSizes: readonly number[],
  schedulePcts: readonly number[],
): void {
  const accumulator = createAccumulator(policy, plan);
  accumulator.start();
  for (const [at, size] of scheduledSizes.entries()) {
    if (accumulator.next({ loss: 0, samples: plan.microBatchSize }).window === 'full') accumulator.applied();
    const { scheduled, schedulePct } = scheduleState(accumulator.snapshot());
    expect([scheduled, schedulePct], `micro-batch ${at}`).toEqual([size, schedulePcts[at]]);
  }
}

function planOf({ bs, rows, epochs }: GridEntry) {
  return { microBatchSize: bs, microBatchesPerEpoch: Math.ceil(rows / bs), epochs };
}

describe('the schedule grid', () => {
  it.each(scheduleGrid.map((entry, at) => [at, entry] as const))('entry %i is equal, or refused', (_at, entry) => {
    const make = () => createAccumulator(policyOf(gridPolicy(entry), entry.drop_last ? 'drop' : 'carry'), planOf(entry));
    const { epochs, start_type } = entry;
    const share = (value: number, type?: string) => (type === 'int' ? value / epochs : value);
    const start = share(entry.start!, start_type);
    const finish = share(entry.finish!, entry.finish_type);
    if (finish > 1 || start >= finish) {
      expect(make).toThrow(RangeError);
      return;
    }
    // fastxtend forgets to convert an epoch given as start.
    if (start_type === 'int' && entry.start! >= 1) {
      expect(make().run.policy).toMatchObject({ start, finish });
      return;
    }
    expect(entry.error).toBeNull();
    followSchedule(policyOf(gridPolicy(entry), entry.drop_last ? 'drop' : 'carry'), planOf(entry), entry.sched_accum_bs, entry.schedule_pct);
    if (entry.drop_last) return;
    const accumulator = make();
    accumulator.start();
    for (const [at, target] of entry.accum_bs.entries()) {
      const within = at % Math.ceil(entry.rows / entry.bs);
      const samples = Math.min(entry.bs, entry.rows - within * entry.bs);
      const status = accumulator.next({ loss: 0, samples });
      expect([status.target, status.window === 'full' ? 1 : 0], `micro-batch ${at}`).toEqual([target, entry.stepped[at]]);
      if (status.window === 'full') accumulator.applied();
    }
  });
});
