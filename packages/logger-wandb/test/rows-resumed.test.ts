import { sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { played, withType } from './played-rows.js';

describe('a run that goes on', () => {
  const events = sampleRun();
  const steps = withType(events, 'accumulated-batch').map(({ step }) => step - 1);

  it('has the steps of a training that begins anew behind its own', () => {
    const { lines, notices } = played(events, 'accumulated', 100);
    expect(lines.map((row) => row._step)).toEqual(steps.map((step) => 100 + step));
    expect(lines.map((row) => row['trainer/step'])).toEqual(steps.map((step) => step + 1));
    expect(notices).toEqual([]);
  });

  it('keeps the steps of a training that goes on from a checkpoint, and refuses what the run has', () => {
    const resumed = events.map((event) =>
      event.type === 'run-start' ? { ...event, run: { ...event.run, resumedAt: { microStep: 0, step: 0 } } } : event,
    );
    const { lines, codes } = played(resumed, 'accumulated', 2);
    expect(lines.map((row) => row._step)).toEqual(steps.filter((step) => step >= 2));
    expect(codes()).toEqual(['step-refused']);
  });
});
