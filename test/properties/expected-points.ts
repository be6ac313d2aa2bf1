import type { RunInfo, TrainEvent } from '@microbatch/core';
import { type Axis, onAxis, shownValues } from './shown-values.js';

/**
 * The TensorBoard points of a run, by tag, as [x, value] in order of x: every number at its event's x, in 32 bits, each
 * micro-batch's own loss besides. Of several for one tag and x a batch's, else the last.
 */
export function expectedPoints(
  events: readonly TrainEvent[],
  run: RunInfo,
  axis: Axis,
): Record<string, [number, number][]> {
  const tags = new Map<string, Map<number, number>>();
  const ofBatches = new Set<string>();
  for (const event of events) {
    const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
    const values = shownValues(event, run);
    if (event.type === 'micro-batch' && run.logAccumBatch && axis !== 'accumulated')
      values['train/micro_loss'] = event.loss;
    for (const [tag, value] of Object.entries(values)) {
      if (typeof value !== 'number') continue;
      const place = `${onAxis(event, axis)} ${tag}`;
      if (ofBatches.has(place)) continue;
      if (isBatch) ofBatches.add(place);
      const points = tags.get(tag) ?? new Map<number, number>();
      tags.set(tag, points.set(onAxis(event, axis), Math.fround(value)));
    }
  }
  return Object.fromEntries([...tags].map(([tag, points]) => [tag, [...points].sort(([a], [b]) => a - b)]));
}
