import type { RunInfo } from '@microbatch/core/logger';
import type { Place, Reporter } from '../finding.js';

/** Annealers that never leave the range between their two ends. */
const MONOTONE = ['schedCos', 'schedLin', 'schedExp', 'schedNo'];

/** Checks a window's target, in samples, against its run's policy, as far as that says it. */
export function checkTarget({ policy, plan }: RunInfo, target: number, at: Place, report: Reporter): void {
  const told = { at, key: 'window.target', found: target };
  if (policy.kind === 'fixed') {
    if (target === policy.accumBatchSize) return;
    const message = `a window of ${target} samples begins, where the policy has ${policy.accumBatchSize}`;
    report.fault('window-target', { ...told, expected: policy.accumBatchSize, message });
    return;
  }
  const { startAccumBatchSize, finalAccumBatchSize, schedule } = policy;
  const size = plan.microBatchSize;
  const least = Math.floor(Math.min(startAccumBatchSize, finalAccumBatchSize) / size) * size;
  const most = Math.max(startAccumBatchSize, finalAccumBatchSize);
  const isInside = !MONOTONE.includes(schedule) || (target >= least && target <= most);
  if (target > 0 && target % size === 0 && isInside) return;
  const expected = `a multiple of ${size} from ${least} to ${most}`;
  const message = `a window of ${target} samples begins, where ${schedule} gives ${expected}`;
  report.fault('window-target', { ...told, expected, message });
}
