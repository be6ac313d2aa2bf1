import assert from 'node:assert/strict';
import { createAccumulator, schedLin } from '@microbatch/core';
import { compareGridEntry, planOfGrid, scheduleState } from './compare-schedule.js';
import type { Difference } from './difference.js';
import { ACCEPTED_HERE, ourAnswer, wentWrong } from './edge-cases.js';
import {
  type EdgeCase,
  edgeCases,
  type GridEntry,
  gridPolicy,
  planOfTrace,
  policyOf,
  scheduleGrid,
  traceNamed,
} from './traces.js';

/** Differences in schedules, and in what is refused. */
export const scheduleDifferences: readonly Difference[] = [
  {
    title: 'An epoch given as `start` is not converted to a fraction, as `finish` is',
    trace: 'errors.json: `GradientAccumulationSchedule(8,64,start=1,finish=3)`, 5 epochs',
    shown() {
      const { accum_bs_seen } = edgeCase('GradientAccumulationSchedule(8,64,start=1,finish=3)');
      const policy = policyOf({ kind: 'schedule', start_accum_bs: 8, final_accum_bs: 64, start: 1, finish: 3 });
      const ours = sizesOf(createAccumulator(policy, { microBatchSize: 8, microBatchesPerEpoch: 26, epochs: 5 }), 130);
      assert.deepEqual([accum_bs_seen, ours.at(-1)], [[8], 64]);
      return `fastxtend takes the 1 for 100 % of training and stays at 8 samples to the end. Ours goes from 8 to 64 between the epochs 1 and 3 (windows of ${ours.join(', ')} samples).`;
    },
    why: 'Both bounds follow one rule.',
  },
  {
    title: 'A `finish` beyond the end of training is refused',
    trace: 'schedule_grid.json: `finish=6` of 5 epochs',
    shown() {
      const entry = gridEntry(({ finish, finish_type, epochs }) => finish_type === 'int' && finish! > epochs);
      const { message } = refusal(entry);
      const largest = Math.max(...entry.accum_bs);
      assert.ok(largest < entry.final_accum_bs!);
      return `fastxtend warns, and ends at windows of ${largest} of the ${entry.final_accum_bs} samples that were asked for. Ours: \`${message}\`.`;
    },
    why: 'Whoever writes 6 of 5 epochs is mistaken in one of the two numbers; better told before training.',
  },
  {
    title: '`start` ≥ `finish` is refused when the policy or the plan is made',
    trace: 'schedule_grid.json: `start=0.5, finish=0.5`, and `start=0.3, finish=1` of 5 epochs',
    shown() {
      const equal = gridEntry(
        ({ start, finish, start_type }) => start === 0.5 && finish === 0.5 && start_type === 'float',
      );
      const crossed = gridEntry(
        ({ start, finish, finish_type }) => start === 0.3 && finish === 1 && finish_type === 'int',
      );
      assert.equal((equal.error as { type: string }).type, 'ZeroDivisionError');
      assert.deepEqual([crossed.error, new Set(crossed.accum_bs).size], [null, 2]);
      return `The first is a ZeroDivisionError inside \`fit\`; the second, 0.3 to 0.2 once the epoch is converted, jumps from ${crossed.start_accum_bs} to ${crossed.final_accum_bs} without a word. Ours: \`${refusal(equal).message}\`.`;
    },
    why: 'Neither is a schedule.',
  },
  {
    title: 'A falling schedule comes to a window of 0 samples, and training to NaN',
    trace: 'gas_64_8_SchedLin',
    shown() {
      const trace = traceNamed(this.trace);
      const { accum_bs, loss, sched_accum_bs } = trace.micro;
      const at = accum_bs!.indexOf(0);
      assert.deepEqual([loss![at], loss![at + 1], sched_accum_bs![at]], ['Infinity', 'NaN', 7]);
      const ours = sizesOf(createAccumulator(policyOf(trace.config.ga!), planOfTrace(trace)), accum_bs!.length);
      assert.equal(Math.min(...ours), 8);
      return `The schedule's running sum passes 1 by a rounding error, so that micro-batch ${at + 1} is due 7 samples, which is floored to 0 micro-batches: fastxtend divides by 0, and every weight from there on is NaN. Ours takes windows of at least one micro-batch; the schedule's own columns are equal.`;
    },
    why: 'A window holds at least one micro-batch.',
  },
  {
    title: 'A falling schedule can pass below its final size: copied',
    trace: 'gas_64_8_SchedLin, by its `schedule_pct`',
    shown() {
      const trace = traceNamed('gas_64_8_SchedLin');
      const [from, to] = [64, 24];
      const policy = policyOf({ ...trace.config.ga!, start_accum_bs: from, final_accum_bs: to, drop_last: false });
      // What is due at a micro-batch follows from the sum that was recorded after the one before it.
      const at = trace.micro.schedule_pct!.findIndex((pct) => Number(pct) > 1) + 1;
      const due = Math.trunc(schedLin(from, to, Number(trace.micro.schedule_pct![at - 1])));
      const accumulator = createAccumulator(policy, planOfTrace(trace));
      const sizes = sizesOf(accumulator, trace.micro.bs!.length);
      const lowest = Math.min(...sizes);
      assert.deepEqual([due, lowest, sizes.at(-1)], [23, 16, to]);
      const dueOf16 = Math.trunc(schedLin(from, 16, Number(trace.micro.schedule_pct![at - 1])));
      assert.equal(dueOf16, 15);
      return `The same running sum passes 1 by ${(Number(trace.micro.schedule_pct![at - 1]) - 1).toPrecision(1)}. From ${from} to ${to} it makes micro-batch ${at + 1} due ${due} samples, and a window that begins there is floored to ${lowest}, one micro-batch less than the final size; the next has ${to} (windows of ${sizes.join(', ')}). From ${from} to 16, ${dueOf16} are due there: a window of 8, where one begins. No recording has these sizes: computed with the arithmetic that is equal in all that there are.`;
    },
    why: "The sums are fastxtend's, rounding included, so that the sequences are equal and not close; a window below the final size is short, and its mean is right.",
  },
  {
    title: 'Sizes and bounds that make no sense are refused, never trained with',
    trace: 'errors.json',
    shown() {
      const answers = edgeCases.map((edge) => ({ edge, ...ourAnswer(edge) })).filter(({ comparable }) => comparable);
      const wrong = answers.filter(({ edge }) => wentWrong(edge) && !(edge.code in ACCEPTED_HERE));
      for (const { edge, error } of wrong) {
        assert.ok(error instanceof TypeError || error instanceof RangeError, edge.code);
      }
      const trained = wrong.filter(({ edge }) => edge.error === null);
      assert.ok(trained.length > 0);
      const accepted = Object.entries(ACCEPTED_HERE).map(([code, reason]) => `\`${code}\` (${reason})`);
      const negative = answers.find(({ edge }) => edge.code === 'GradientAccumulation(-32)')!;
      assert.ok(negative.error instanceof RangeError);
      const unwritable = edgeCases
        .filter((edge) => !ourAnswer(edge).comparable)
        .map(({ code, fits }) => `\`${code}\`${fits === 1 ? '' : `, \`fit\` called ${fits} times`}`);
      return `${wrong.length} of the recorded calls that can be written here fail in fastxtend: ${wrong.length - trained.length} by an exception, ${trained.length} by training to NaN, such as \`${trained[0]!.edge.code}\`. All of them are a TypeError or RangeError here, before training; so is \`GradientAccumulation(-32)\`, with which fastxtend climbs the loss. Accepted here are ${accepted.join('; ')}. Of the ${edgeCases.length} recorded calls, ${unwritable.length} cannot be written here and are not compared: ${unwritable.join('; ')}.`;
    },
    why: 'An error that names the option and the value costs a second; NaN costs a night.',
  },
  {
    title: 'A schedule can be used once',
    trace: 'errors.json: `GradientAccumulationSchedule(8,64)`, `fit` called twice',
    shown() {
      const { error } = edgeCases.find(
        ({ code, fits }) => code === 'GradientAccumulationSchedule(8,64)' && fits === 2,
      )!;
      assert.deepEqual([error?.type, error?.fit], ['TypeError', 1]);
      const policy = policyOf({ kind: 'schedule', start_accum_bs: 8, final_accum_bs: 64 });
      const plan = { microBatchSize: 8, microBatchesPerEpoch: 26, epochs: 5 };
      const [first, second] = [1, 2].map(() => sizesOf(createAccumulator(policy, plan), 130));
      assert.deepEqual(first, second);
      return `fastxtend's second \`fit\` is a TypeError. Ours gives two runs the same ${first!.length} sizes.`;
    },
    why: 'A policy is a value: it holds no state of a run.',
  },
];

function edgeCase(name: string): EdgeCase {
  return edgeCases.find(({ code }) => code === name)!;
}

function gridEntry(matches: (entry: GridEntry) => boolean): GridEntry {
  return scheduleGrid.find(matches)!;
}

function refusal(entry: GridEntry): Error {
  assert.equal(compareGridEntry(entry), 'refused');
  try {
    createAccumulator(policyOf(gridPolicy(entry)), planOfGrid(entry));
  } catch (error) {
    return error as Error;
  }
  throw new Error('was not refused');
}

/** The sizes that a schedule's windows take, in order, each once. */
function sizesOf(accumulator: ReturnType<typeof createAccumulator>, microBatches: number): number[] {
  accumulator.start();
  const sizes: number[] = [];
  for (let at = 0; at < microBatches; at += 1) {
    const { window, target } = accumulator.next({ loss: 0, samples: 8 });
    if (sizes.at(-1) !== target) sizes.push(target);
    if (window === 'full') accumulator.applied();
  }
  assert.ok(Number.isFinite(scheduleState(accumulator.snapshot()).scheduled));
  return sizes;
}
