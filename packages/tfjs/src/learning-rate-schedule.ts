import type { Accumulator } from '@microbatch/core';
import { assertKnownOptions, assertNotNegative, show } from './option-checks.js';

/** Where training stands as a window begins: the window's step has the rate of this point. */
export type WindowStart = Accumulator['windowStart'];

/** A learning rate that changes. */
export interface LearningRateSchedule {
  /**
   * What `rate` is asked with, as it stood when the window began: optimizer steps taken, samples trained, or epochs trained
   * (fractional where the micro-batches of an epoch are known, else whole). All three are 0 for the first step.
   */
  readonly by: 'step' | 'samples' | 'epoch';
  /** The learning rate there, finite and at least 0; the same whenever it is asked with the same number. */
  readonly rate: (at: number) => number;
}

/** One rate for all steps, or a schedule. */
export type LearningRate = number | LearningRateSchedule;

const CLOCKS: readonly LearningRateSchedule['by'][] = ['step', 'samples', 'epoch'];

/** What gives a window's step its learning rate. Throws a `TypeError` or `RangeError` that names the option and the value. */
export function createLearningRate(given: LearningRate): (at: WindowStart) => number {
  if (typeof given === 'number') {
    assertNotNegative('learningRate', given);
    return () => given;
  }
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`learningRate must be a number or { by, rate }, not ${show(given)}`);
  }
  assertKnownOptions('learningRate', given, ['by', 'rate']);
  const { by, rate } = given;
  if (!CLOCKS.includes(by))
    throw new TypeError(`learningRate.by must be 'step', 'samples' or 'epoch', not ${show(by)}`);
  if (typeof rate !== 'function')
    throw new TypeError(`learningRate.rate must be a function (at) => rate, not ${show(rate)}`);
  let asked: number | undefined;
  let answer = 0;
  return ({ [by]: at }) => {
    // A window asks for each of its micro-batches.
    if (at !== asked) {
      answer = rate(at);
      assertNotNegative(`learningRate.rate(${at}), by ${by},`, answer);
      asked = at;
    }
    return answer;
  };
}
