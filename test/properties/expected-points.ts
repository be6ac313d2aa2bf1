import type { RunInfo, TrainEvent } from '@microbatch/core';
import { type Axis, onAxis, shownValues } from './shown-values.js';

/**
 * The TensorBoard points of a run, by tag, as [x, value] in order of x: every number at its event's x, in 32 bits, each
 * micro-batch's own loss besides. Of several for one tag and x a batch's, else the last. TensorBoard shows a tag as what
 * its first value is, so that one which begins with a text has no points; a loss is a number all the same.
 */
export function expectedPoints(
  events: readonly TrainEvent[],
  run: RunInfo,
  axis: Axis,
): Record<string, [number, number][]> {
  const tags = new Map<string, Map<number, unknown>>();
  const ofBatches = new Set<string>();
  for (const event of events) {
    const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
    const values = shownValues(event, run);
    if (event.type === 'micro-batch' && run.logAccumBatch && axis !== 'accumulated')
      values['train/micro_loss'] = event.loss;
    for (const [tag, value] of Object.entries(values)) {
      const place = `${onAxis(event, axis)} ${tag}`;
      if (ofBatches.has(place)) continue;
      if (isBatch) ofBatches.add(place);
      const points = tags.get(tag) ?? new Map<number, unknown>();
      tags.set(tag, points.set(onAxis(event, axis), value));
    }
  }
  const shown = [...tags].map(
    ([tag, points]) =>
      [
        tag,
        numbersOf(
          tag,
          [...points].sort(([a], [b]) => a - b),
        ),
      ] as const,
  );
  return Object.fromEntries(shown.filter(([, points]) => points.length > 0));
}

function numbersOf(tag: string, points: readonly [x: number, value: unknown][]): [number, number][] {
  if (typeof points[0]![1] !== 'number' && tag !== 'train/loss') return [];
  return points.flatMap(([x, value]) => (typeof value === 'number' ? [[x, Math.fround(value)]] : []));
}
