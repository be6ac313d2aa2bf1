import { assertOptions, assertPositiveInteger, show } from '../logger/option-checks.js';
import type { PolicyInfo, ResolvedPlan, TrainingPlan } from '../logger/run-info.js';
import { type AccumulationPolicy, assertSizes, type SchedulePolicy } from './accumulation-policy.js';
import { boundFraction } from './schedule-bound.js';

/** Checks that a plan and a policy fit. Throws a `TypeError` or `RangeError` that names the option and the value. */
export function resolvePlan(policy: AccumulationPolicy, plan: TrainingPlan): ResolvedPlan {
  assertPolicy(policy);
  assertOptions('plan', plan, ['microBatchSize', 'microBatchesPerEpoch', 'epochs']);
  for (const option of ['microBatchSize', 'microBatchesPerEpoch', 'epochs'] as const) {
    if (plan[option] !== undefined) assertPositiveInteger(option, plan[option]);
  }
  const microBatchSize = plan.microBatchSize ?? policy.microBatchSize;
  if (microBatchSize === undefined) {
    throw new TypeError('microBatchSize is unknown: give it in the plan or in the policy');
  }
  if (policy.microBatchSize !== undefined && policy.microBatchSize !== microBatchSize) {
    throw new RangeError(`microBatchSize is ${microBatchSize} in the plan and ${policy.microBatchSize} in the policy`);
  }
  assertSizes(policy, microBatchSize);
  const resolved = Object.freeze({ ...withoutUndefined(plan), microBatchSize });
  if (policy.kind === 'schedule') {
    scheduleBounds(policy, resolved);
    assertAnneals(policy, microBatchSize);
  }
  return resolved;
}

function assertPolicy(policy: AccumulationPolicy): void {
  if (policy?.kind === 'fixed' || policy?.kind === 'schedule') return;
  throw new TypeError(
    `the policy must be made by gradientAccumulation() or gradientAccumulationSchedule(), not ${show(policy)}`,
  );
}

/** A schedule's bounds as fractions of all training micro-batches. Throws a `RangeError` where they lie outside training. */
export function scheduleBounds(
  policy: SchedulePolicy,
  plan: ResolvedPlan,
): { start: number; finish: number; microBatchesPerEpoch: number; epochs: number } {
  const { microBatchSize, microBatchesPerEpoch, epochs } = plan;
  if (microBatchesPerEpoch === undefined || epochs === undefined) {
    const missing = microBatchesPerEpoch === undefined ? 'microBatchesPerEpoch' : 'epochs';
    throw new TypeError(`a schedule needs to know how many micro-batches training has: ${missing} is undefined`);
  }
  const known = { microBatchSize, microBatchesPerEpoch, epochs };
  const start = boundFraction('start', policy.start, known);
  const finish = boundFraction('finish', policy.finish, known);
  if (start >= finish) throw new RangeError(`start (${start} of training) must lie before finish (${finish})`);
  return { start, finish, microBatchesPerEpoch, epochs };
}

/** The policy as frozen plain data, its bounds as fractions. */
export function policyInfo(policy: AccumulationPolicy, plan: ResolvedPlan): PolicyInfo {
  const { logAccumBatch, lastWindow, normalize } = policy;
  const common = { logAccumBatch, lastWindow, normalize };
  if (policy.kind === 'fixed') {
    return Object.freeze({ kind: 'fixed', accumBatchSize: policy.accumBatchSize, ...common });
  }
  const { startAccumBatchSize, finalAccumBatchSize, schedule } = policy;
  const { start, finish } = scheduleBounds(policy, plan);
  return Object.freeze({
    kind: 'schedule',
    startAccumBatchSize,
    finalAccumBatchSize,
    start,
    finish,
    schedule: schedule.name || 'custom',
    scheduleProbe: Object.freeze(PROBES.map((pct) => schedule(startAccumBatchSize, finalAccumBatchSize, pct))),
    ...common,
  });
}

const PROBES = [0, 0.25, 0.5, 0.75, 1];

// Better before training than hours into it.
function assertAnneals(policy: SchedulePolicy, microBatchSize: number): void {
  for (const pct of PROBES) {
    const size: unknown = policy.schedule(policy.startAccumBatchSize, policy.finalAccumBatchSize, pct);
    if (Number.isFinite(size) && Math.round(size as number) >= microBatchSize) continue;
    const at = `schedule ${policy.schedule.name || 'custom'} gave ${show(size)} at ${pct * 100} %`;
    throw new RangeError(`${at}: it must give at least microBatchSize (${microBatchSize})`);
  }
}

function withoutUndefined(plan: TrainingPlan): TrainingPlan {
  return Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined));
}
