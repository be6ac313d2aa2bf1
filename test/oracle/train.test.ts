import { describe, expect, it } from 'vitest';
import { compareTraining } from './compare-train.js';
import { assertWithin } from './comparison.js';
import { admittedTraces } from './traces.js';

describe('train() on tfjs cpu, from the recorded data and initial weights', () => {
  it.each(admittedTraces.map((trace) => [trace.name, trace] as const))(
    'steps where fastxtend steps in %s, to its weights',
    async (_name, trace) => {
      const compared = await compareTraining(trace);
      expect(compared.steps).toBe(trace.weights.length);
      assertWithin(compared, trace.config.dtype);
    },
  );
});
