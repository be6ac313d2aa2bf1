import { describe, it } from 'vitest';
import { memorySink } from '../src/logger/memory.js';
import { readEvents, sinkConformance } from '../src/testing/index.js';

function create() {
  const sink = memorySink();
  return { sink, read: () => ({ ...readEvents(sink.events), closed: sink.outcome !== undefined }) };
}

describe('memorySink', () => {
  for (const { name, run } of sinkConformance({ create })) it(name, run);
});
