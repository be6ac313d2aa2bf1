import type { NamingScheme, StepAxis } from '@microbatch/core/logger';
import { InvalidArgumentError, Option } from 'commander';

/** The clock that is x. */
export function stepAxisOption(): Option {
  return new Option('--step-axis <axis>', 'what x counts').choices([
    'micro',
    'accumulated',
    'samples',
  ] satisfies StepAxis[]);
}

export function namesOption(): Option {
  return new Option('--names <scheme>', "what metrics are called; fastai: as fastai's callbacks do").choices([
    'microbatch',
    'fastai',
  ] satisfies NamingScheme[]);
}

export function layoutOption(): Option {
  return new Option('--layout <layout>', 'TensorBoard: one run, or train and validation as two').choices([
    'single',
    'split',
  ]);
}

export function logAccumBatchOption(): Option {
  const text = 'whether accumulated batches are recorded, or micro-batches';
  return new Option('--log-accum-batch <bool>', text).argParser(trueOrFalse);
}

export function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true or false.');
}

export function positiveInteger(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a positive integer.');
}
