import type { Series } from '../src/runs/series.js';

/** A series as its source holds it: [value of a clock, value] of each point. */
export function pointsOf(
  series: Series | undefined,
  clock: Parameters<Series['clocks']['at']>[0],
): [number | undefined, number][] {
  if (series === undefined) return [];
  return Array.from({ length: series.length }, (_, index) => [
    series.clocks.at(clock, series.rows.values[index]!),
    series.values.values[index]!,
  ]);
}
