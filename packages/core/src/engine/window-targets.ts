import type { ResolvedPlan } from '../logger/run-info.js';
import type { AccumulationPolicy, SchedulePolicy } from './accumulation-policy.js';
import { scheduleBounds } from './training-plan.js';

/** The running sums of a schedule: JSON. */
export interface TargetState {
  readonly target: number;
  readonly trainPct?: number;
  readonly schedulePct?: number;
  readonly scheduled?: number;
}

/** How many samples close a window, followed micro-batch by micro-batch. */
export interface WindowTargets {
  /** Moves on by one micro-batch; where it begins a window, takes up the size that is due. Returns the window's target. */
  advance(beginsWindow: boolean): number;
  /** What `advance(true)` would return. */
  peek(): number;
  /** The next micro-batch is the first of the epoch with this index. */
  beginEpoch(index: number): void;
  state(): TargetState;
}

/** Follows a policy's window sizes; goes on from `state` where there is one. */
export function createWindowTargets(
  policy: AccumulationPolicy,
  plan: ResolvedPlan,
  state?: TargetState,
): WindowTargets {
  if (policy.kind === 'schedule') return scheduledTargets(policy, plan, state);
  const target = policy.accumBatchSize;
  return { advance: () => target, peek: () => target, beginEpoch: () => {}, state: () => ({ target }) };
}

/**
 * fastxtend's `GradientAccumulationSchedule`, sum by sum: `trainPct` and `schedulePct` are running sums, not quotients,
 * because their rounding decides at which micro-batch a truncated size changes.
 */
function scheduledTargets(policy: SchedulePolicy, plan: ResolvedPlan, state?: TargetState): WindowTargets {
  const { start, finish, microBatchesPerEpoch, epochs } = scheduleBounds(policy, plan);
  const { startAccumBatchSize: from, finalAccumBatchSize: to, schedule } = policy;
  const { microBatchSize } = plan;
  const trainIncrement = 1 / (microBatchesPerEpoch * epochs);
  const scheduleIncrement = 1 / (microBatchesPerEpoch * epochs * (finish - start));

  let target = state?.target ?? from;
  let trainPct = state?.trainPct ?? 0;
  let schedulePct = state?.schedulePct ?? 0;
  let scheduled = state?.scheduled ?? from;

  const active = () => trainPct >= start && scheduled !== to;
  const due = () => {
    if (!active()) return scheduled;
    return trainPct >= finish ? to : Math.trunc(schedule(from, to, schedulePct));
  };
  // The running sum may end a rounding error beyond 1, where a falling schedule lies below its final size. fastxtend
  // then takes up windows of 0 samples and divides by them.
  const wholeMicroBatches = (samples: number) => {
    if (Number.isNaN(samples)) throw new RangeError(`schedule ${policy.schedule.name} gave NaN at ${schedulePct}`);
    return Math.max(Math.floor(samples / microBatchSize), 1) * microBatchSize;
  };

  return {
    advance(beginsWindow) {
      const size = due();
      const next = beginsWindow ? wholeMicroBatches(size) : target;
      if (active() && trainPct < finish) schedulePct += scheduleIncrement;
      scheduled = size;
      target = next;
      trainPct += trainIncrement;
      return target;
    },
    peek: () => wholeMicroBatches(due()),
    beginEpoch(index) {
      trainPct = index / epochs;
    },
    state: () => ({ target, trainPct, schedulePct, scheduled }),
  };
}
