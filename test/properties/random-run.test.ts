import { checkGrammar } from '@microbatch/core/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventsOf, randomRun } from './random-run.js';

it.each([true, false])(
  'of any run with logAccumBatch %s, each beginning balances: trained = accumulated + discarded + open',
  (logAccumBatch) => {
    const property = fc.property(randomRun, (random) => {
      const events = eventsOf(random, logAccumBatch);
      for (let end = 1; end <= events.length; end += 1) {
        const beginning = events.slice(0, end);
        const { trained, accumulated, discarded, open } = checkGrammar(beginning, { partial: true });
        expect(trained).toBe(beginning.filter(({ type }) => type === 'micro-batch').length);
        expect(trained).toBe(accumulated + discarded + open);
      }
      expect(checkGrammar(events).open).toBe(0);
    });
    fc.assert(property);
  },
);
