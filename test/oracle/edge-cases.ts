import {
  type AccumulationPolicy,
  createAccumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
} from '@microbatch/core';
import { annealers, bound, type EdgeCase } from './traces.js';

const ROWS = 203;

/** Whether the real fastxtend refused a call, or trained on to weights that are not finite. */
export function wentWrong({ error, final_weights }: EdgeCase): boolean {
  return error !== null || (final_weights ?? []).some((weight) => typeof weight === 'string');
}

/** Calls that fail in fastxtend and are accepted here, and why. */
export const ACCEPTED_HERE: Readonly<Record<string, string>> = {
  'GradientAccumulation()': 'the size that is left out is `n_acc`',
  'GradientAccumulationSchedule(8,64,start=2,finish=.9)': 'epoch 2 of 5 lies before 90 %',
  'GradientAccumulationSchedule(8,64,start=1,finish=5)': 'epoch 1 lies before epoch 5',
};

/**
 * The error with which we refuse what a constructor call amounts to; undefined where we accept it. A call that cannot be
 * written here (an annealer made by Python's `partial`, a second fit) is not `comparable`.
 */
export function ourAnswer(edge: EdgeCase): { readonly comparable: boolean; readonly error?: Error } {
  const call = parseCall(edge.code);
  if (call === undefined || edge.fits !== 1) return { comparable: false };
  // fastxtend asks its `micro_batch_size` only where the data loader does not say.
  const known = edge.loader === 'fastai, bs 8';
  const plan = { microBatchesPerEpoch: Math.ceil(ROWS / 8), epochs: edge.epochs };
  try {
    createAccumulator(policyOfCall(call, known), known ? { ...plan, microBatchSize: 8 } : plan);
    return { comparable: true };
  } catch (error) {
    return { comparable: true, error: error as Error };
  }
}

interface Call {
  readonly scheduled: boolean;
  readonly positional: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

const KNOWN = ['n_acc', 'drop_last', 'micro_batch_size', 'start', 'finish', 'schedule'];

function parseCall(code: string): Call | undefined {
  const [, name, list] = /^GradientAccumulation(Schedule)?\((.*)\)$/.exec(code) ?? [];
  const positional: unknown[] = [];
  const named: Record<string, unknown> = {};
  for (const part of (list ?? '').split(',').filter((text) => text !== '')) {
    const [, key, text] = /^\s*(?:(\w+)=)?(.+)$/.exec(part)!;
    const value = parseValue(text!);
    if (value === undefined || (key !== undefined && !KNOWN.includes(key))) return undefined;
    if (key === undefined) positional.push(value.parsed);
    else
      named[key] =
        text === undefined || typeof value.parsed !== 'number' ? value.parsed : toBound(key, text, value.parsed);
  }
  return { scheduled: name === 'Schedule', positional, named };
}

function parseValue(text: string): { readonly parsed: unknown } | undefined {
  if (text in annealers) return { parsed: annealers[text] };
  if (text === 'None') return { parsed: null };
  if (text === 'True' || text === 'False') return { parsed: text === 'True' };
  if (/^'.*'$/.test(text)) return { parsed: text.slice(1, -1) };
  return Number.isNaN(Number(text)) ? undefined : { parsed: Number(text) };
}

function toBound(key: string, text: string, value: number): unknown {
  if (key !== 'start' && key !== 'finish') return value;
  return bound(value, text.includes('.') || value === 0 ? 'float' : 'int');
}

function policyOfCall({ scheduled, positional, named }: Call, sizeKnown: boolean): AccumulationPolicy {
  const { n_acc, drop_last, micro_batch_size, ...rest } = named;
  const lastWindow = drop_last === false ? 'carry' : 'drop';
  const [first, final] = positional;
  // The types are what is tried here.
  if (scheduled) {
    return gradientAccumulationSchedule({
      startAccumBatchSize: first as number,
      finalAccumBatchSize: final as number,
      lastWindow,
      ...rest,
    });
  }
  return gradientAccumulation({
    accumBatchSize: first as number,
    lastWindow,
    ...('n_acc' in named ? { nAcc: n_acc as number } : {}),
    ...('micro_batch_size' in named && !sizeKnown ? { microBatchSize: micro_batch_size as number } : {}),
  });
}
