import { describe, expect, it } from 'vitest';
import { compareTraining } from './compare-train.js';
import { WEIGHT_TOLERANCE } from './comparison.js';
import { admittedTraces } from './traces.js';

describe('train() on tfjs cpu, from the recorded data and initial weights', () => {
  it.each(admittedTraces.map((trace) => [trace.name, trace] as const))(
    'steps where fastxtend steps in %s, to its weights',
    async (_name, trace) => {
      const { steps, errors } = await compareTraining(trace);
      expect(steps).toBe(trace.weights.length);
      expect(errors.weights).toBeLessThanOrEqual(WEIGHT_TOLERANCE);
      expect(errors['micro-batch loss']).toBeLessThanOrEqual(WEIGHT_TOLERANCE);
      expect(errors.validation).toBeLessThanOrEqual(WEIGHT_TOLERANCE);
    },
  );
});
