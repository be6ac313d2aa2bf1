import assert from 'node:assert/strict';
import { type AccumulatedBatchEvent, createAccumulator, type MicroBatchEvent, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { type Comparison, createErrorTally } from './comparison.js';
import { scheduleState } from './compare-schedule.js';
import {
  accumBatchSizeAt,
  fitsOf,
  microBatchesOf,
  planOfTrace,
  policyOfTrace,
  recorded,
  type Trace,
} from './traces.js';

/**
 * Replays a trace's micro-batch losses through the accumulator. Throws where another micro-batch steps, or a window's
 * size or a column of the schedule is not equal. Without accumulation a window's loss is the one that went in, and there
 * is no error of it.
 */
export function compareAccumulator(trace: Trace): Comparison {
  const { micro } = trace;
  const policy = policyOfTrace(trace);
  const { errors, note } = createErrorTally();
  let steps = 0;

  for (const fit of fitsOf(trace)) {
    const accumulator = createAccumulator(policy, planOfTrace(trace));
    const events: TrainEvent[] = [...accumulator.start()];
    let lossSum = 0;
    for (const at of microBatchesOf(trace, fit)) {
      const { events: micros, window } = accumulator.next({
        loss: recorded(micro.raw_loss![at]),
        samples: Number(micro.bs![at]),
      });
      events.push(...micros);
      lossSum += recorded(micro.raw_loss![at]) * Number(micro.bs![at]);
      assert.equal(window === 'full' ? 1 : 0, micro.stepped![at], `whether micro-batch ${at} steps`);
      const batch = micros.find((event): event is MicroBatchEvent => event.type === 'micro-batch')!;
      assert.equal(batch.microStep, micro.train_iter![at]);
      let shown: MicroBatchEvent | AccumulatedBatchEvent = batch;
      if (micro.accum_bs) assert.equal(batch.window.target, micro.accum_bs[at], `the window's target at ${at}`);
      if (window === 'full') {
        const [accumulated] = accumulator.applied() as [AccumulatedBatchEvent];
        events.push(accumulated);
        if (trace.config.ga !== null) note('loss', accumulated.loss, lossSum / accumBatchSizeAt(trace, at));
        if (policy.logAccumBatch) {
          shown = accumulated;
          note('loss', accumulated.loss, recorded(micro.loss![at]));
        }
        lossSum = 0;
        steps += 1;
      }
      if (micro.sched_accum_bs) {
        const { scheduled, schedulePct } = scheduleState(accumulator.snapshot());
        assert.deepEqual([scheduled, schedulePct], [micro.sched_accum_bs[at], micro.schedule_pct![at]]);
      }
      assert.equal(shown.smoothLoss === undefined ? 0 : 1, micro.logged![at], `whether micro-batch ${at} is recorded`);
      if (shown.smoothLoss !== undefined) note('smooth loss', shown.smoothLoss, recorded(micro.smooth_loss![at]));
      const endsEpoch = at % trace.n_micro_per_epoch === trace.n_micro_per_epoch - 1;
      if (endsEpoch) events.push(...accumulator.endEpoch());
    }
    events.push(...accumulator.end());
    checkGrammar(events);
  }
  return { steps, errors };
}
