import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { memory, memorySink } from '../src/logger/memory.js';
import { record } from '../src/record/record.js';
import { readEvents, sampleRun, sinkConformance } from '../src/testing/index.js';

function create() {
  const sink = memorySink();
  return { sink, read: () => ({ ...readEvents(sink.events), closed: sink.outcome !== undefined }) };
}

describe('memorySink', () => {
  for (const { name, run } of sinkConformance({ create })) it(name, run);

  it('tells how its run was closed, and forgets it when the next begins', () => {
    const { sink } = create();
    const [start] = sampleRun();
    const open = () => start?.type === 'run-start' && sink.open(start.run);
    open();
    expect(sink.outcome).toBeUndefined();
    sink.close('failed');
    sink.close('finished');
    expect(sink.outcome).toBe('failed');
    open();
    expect(sink.outcome).toBeUndefined();
  });
});

describe('memory', () => {
  it('keeps the very events of one run after the other', async () => {
    const logger = memory();
    const runs = [sampleRun({ id: 'first' }), sampleRun({ id: 'second' })];
    for (const events of runs) await record(from(events), [logger], { onDiagnostic: () => {} });
    const expected = runs.flat();
    expect(logger.events).toHaveLength(expected.length);
    expect(logger.events.every((event, at) => event === expected[at])).toBe(true);
  });
});
