import { describe, expect, it } from 'vitest';
import { compareAccumulator } from './compare-accumulator.js';
import { compareDroppingSchedule, compareGridEntry } from './compare-schedule.js';
import { assertWithin } from './comparison.js';
import { admittedTraces, droppingSchedules, scheduleGrid } from './traces.js';

describe('the accumulator', () => {
  it.each(admittedTraces.map((trace) => [trace.name, trace] as const))(
    'steps where fastxtend steps in %s, with its losses',
    (_name, trace) => {
      const compared = compareAccumulator(trace);
      expect(compared.steps).toBe(trace.weights.length);
      assertWithin(compared, trace.config.dtype);
    },
  );

  it.each(droppingSchedules.map((trace) => [trace.name, trace] as const))(
    'follows the schedule of %s, although it drops other windows',
    (_name, trace) => {
      const { computed, dropped } = compareDroppingSchedule(trace);
      expect(computed + dropped).toBe(trace.micro.sched_accum_bs!.length);
      expect(dropped).toBeGreaterThan(0);
    },
  );
});

describe('the schedule grid', () => {
  it.each(scheduleGrid.map((entry, at) => [at, entry] as const))(
    'entry %i is equal, or refused, or corrected',
    (_at, entry) => {
      expect(compareGridEntry(entry)).toMatch(/equal|refused|corrected/);
    },
  );
});
