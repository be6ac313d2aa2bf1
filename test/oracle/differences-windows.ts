import assert from 'node:assert/strict';
import {
  type AccumulatedBatchEvent,
  type AccumulationPolicy,
  createAccumulator,
  gradientAccumulation,
  type TrainEvent,
} from '@microbatch/core';
import { relativeError } from './comparison.js';
import { type Difference, short } from './difference.js';
import { fitsOf, microBatchesOf, planOfTrace, policyOf, recorded, type Trace, traceNamed } from './traces.js';

/** Differences in which micro-batches make a window, and in what its sums are divided by. */
export const windowDifferences: readonly Difference[] = [
  {
    title: '`drop_last` (the default) loses whole windows',
    trace: 'ga32_log_drop_rows192',
    shown() {
      const trace = traceNamed(this.trace);
      const theirs = countOf(trace, 'stepped');
      const ours = replayed(trace, policyOf(trace.config.ga!, 'drop')).filter(isAccumulated).length;
      assert.deepEqual([theirs, ours, countOf(trace, 'forwarded')], [10, 12, 42]);
      return `192 rows are exactly 6 windows of 32, twice: fastxtend takes ${theirs} steps and computes 42 of 48 micro-batches, 2 of them for nothing; \`lastWindow: 'drop'\` takes ${ours}.`;
    },
    why: '`floor(N/n)` steps an epoch is what dropping the last, incomplete window means.',
  },
  {
    title: '`drop_last` leaks the loss that it discards into the next window',
    trace: 'ga32_log_drop',
    shown() {
      const { micro, n_micro_per_epoch: perEpoch } = traceNamed(this.trace);
      const quarter = (at: number) => recorded(micro.raw_loss![at]) / 4;
      const sum = (ats: readonly number[]) => ats.reduce((total, at) => total + quarter(at), 0);
      const lastStep = micro.stepped!.lastIndexOf(1, perEpoch - 1);
      const first = Array.from({ length: perEpoch }, (_, at) => at);
      const given = first.filter((at) => at > lastStep && micro.forwarded![at] === 1);
      const shown = recorded(micro.loss![perEpoch + 3]);
      const own = sum([0, 1, 2, 3].map((at) => perEpoch + at));
      assert.ok(relativeError(shown, own + sum(given)) < 3e-6);
      return `The second epoch's first window has the loss ${short(own)}; fastxtend logs ${short(shown)}, because the first epoch's last ${given.length} micro-batches, which no step used, are in it with ${short(sum(given))}.`;
    },
    why: 'A discarded window is a `discarded-window` event, and nothing of it is in any other: the logged loss is the one whose gradient the step used.',
  },
  {
    title: 'A window that overshoots is divided by its target, not by what it holds',
    trace: 'ga32_log_nodrop',
    shown() {
      const trace = traceNamed(this.trace);
      const actual = replayed(trace, gradientAccumulation({ accumBatchSize: 32 })).filter(isAccumulated);
      const at = actual.findIndex(({ windowSamples }) => windowSamples !== 32);
      const { loss, windowSamples, microStep } = actual[at]!;
      const theirs = recorded(trace.micro.loss![microStep - 1]);
      assert.equal(windowSamples, 35);
      assert.ok(relativeError(theirs, (loss * 35) / 32) < 3e-6);
      return `The window that ends with micro-batch ${microStep} holds 35 samples (the first epoch's last micro-batch has 3): fastxtend logs ${short(theirs)} and steps by 35/32 of the mean gradient; the mean is ${short(loss)}.`;
    },
    why: "`normalize: 'actual'`, the default, makes the step that of the full batch of these samples. `normalize: 'target'` is fastxtend's, and what the table above is replayed with.",
  },
  {
    title: 'Gradients leak from one fit into the next',
    trace: 'ga32_log_nodrop_twofits',
    shown() {
      const trace = traceNamed(this.trace);
      const leaked = Math.hypot(...trace.grad_at_fit_start[1]!);
      assert.ok(leaked > 0.1);
      return `The second fit starts with gradients of norm ${short(leaked)} that the first left behind. Its weights are equal above only because the comparison adds them to its first step by hand.`;
    },
    why: 'They belong to samples of another run. The window that a run leaves open is discarded, and said to be.',
  },
  {
    title: "Without accumulation, an epoch's last micro-batch of 3 rows steps by itself",
    trace: 'none_bs8',
    shown() {
      const trace = traceNamed(this.trace);
      const carried = replayed(trace, gradientAccumulation({ accumBatchSize: 8 })).filter(isAccumulated).length;
      assert.deepEqual([countOf(trace, 'stepped'), carried], [52, 50]);
      return `fastai takes 52 steps; windows of 8 under \`lastWindow: 'carry'\` take ${carried}, as those of \`ga8_log_nodrop\` do. Such traces are replayed with \`lastWindow: 'flush'\` and \`normalize: 'actual'\`; \`none_bs8_dldrop\`, whose epochs end with a whole micro-batch, is not.`;
    },
    why: 'That is what the two options mean: a flushed window of 3 samples is divided by 3.',
  },
];

function isAccumulated(event: TrainEvent): event is AccumulatedBatchEvent {
  return event.type === 'accumulated-batch';
}

function countOf(trace: Trace, column: string): number {
  return trace.micro[column]!.reduce<number>((sum, one) => sum + Number(one), 0);
}

/** The events of a trace's micro-batches under another policy. A micro-batch that fastxtend skipped has the loss NaN. */
function replayed(trace: Trace, policy: AccumulationPolicy): TrainEvent[] {
  return fitsOf(trace).flatMap((fit) => {
    const accumulator = createAccumulator(policy, planOfTrace(trace));
    const events: TrainEvent[] = [...accumulator.start()];
    for (const at of microBatchesOf(trace, fit)) {
      const { micro } = trace;
      if (!accumulator.tailIsDropped()) {
        const samples = Number(micro.bs![at]);
        const { events: micros, window } = accumulator.next({ loss: recorded(micro.raw_loss![at]), samples });
        events.push(...micros, ...(window === 'full' ? accumulator.applied() : []));
      }
      if ((at + 1) % trace.n_micro_per_epoch === 0)
        events.push(...accumulator.closeEpoch().events, ...accumulator.endEpoch());
    }
    return [...events, ...accumulator.end()];
  });
}
