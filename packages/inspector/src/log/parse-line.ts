import type { MicroBatchResult, TrainInput } from '@microbatch/core';
import { type LogValues, type Metrics, show } from '@microbatch/core/logger';
import { parsePythonJson } from './python-json.js';

/**
 * What a line of the training program is. `'record'`: what it says, in order, and keys that nobody knows. `'text'`: for people,
 * or for another program; where it is nearly a record, `hint` says what it lacks. `'rejected'`: meant to be a record, but none.
 */
export type ParsedLine =
  | { readonly kind: 'record'; readonly inputs: readonly TrainInput[]; readonly unknownKeys: readonly string[] }
  | { readonly kind: 'text'; readonly hint?: string }
  | { readonly kind: 'rejected'; readonly reason: string };

type Fields = Readonly<Record<string, unknown>>;

/** As Python writes names. */
const ALIASES: Readonly<Record<string, string>> = { learning_rate: 'learningRate', last_of_epoch: 'lastOfEpoch' };
const KEYS: Readonly<Record<TrainInput['type'] & string, readonly string[]>> = {
  'micro-batch': ['type', 'loss', 'samples', 'weight', 'skipped', 'metrics', 'learningRate', 'lastOfEpoch', 'values'],
  'epoch-end': ['type', 'valid'],
  log: ['type', 'values'],
  'run-end': ['type', 'outcome', 'error'],
};
/** How a record begins. Half of one is a loss that must be told of. */
const BEGINNING = /^\s*\{\s*"(?:loss|samples|type|weight|metrics|skipped|values)"\s*:/;
/** What only a record has both of; many programs print dicts with a loss. */
const MARKS = [/["']loss["']\s*:/, /["']samples["']\s*:/];

/** No record, nor what was meant to be one, has neither. */
const MAY_BE_MEANT = /\{|["']loss["']/;

/** Says what a line is; `assertValues` throws a `TypeError` for values that can't be logged. */
export function parseLine(line: string, assertValues: (values: LogValues) => void): ParsedLine {
  // Most of what a program says: to find out by JSON.parse would cost ten times as much.
  if (!MAY_BE_MEANT.test(line)) return { kind: 'text' };
  let json: unknown;
  try {
    json = parsePythonJson(line);
  } catch (error) {
    const isMeant = BEGINNING.test(line) || MARKS.every((mark) => mark.test(line));
    return isMeant ? { kind: 'rejected', reason: reasonOf(line, error as Error) } : { kind: 'text' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { kind: 'text' };
  const fields = withoutAliases(json as Fields);
  const type = typeOf(fields);
  if (type === undefined) {
    return 'loss' in fields ? { kind: 'text', hint: 'a loss without samples is no record' } : { kind: 'text' };
  }
  try {
    const unknownKeys = Object.keys(fields).filter((key) => !KEYS[type].includes(key));
    return { kind: 'record', inputs: inputsOf(type, fields, assertValues), unknownKeys };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return { kind: 'rejected', reason: error.message };
  }
}

function withoutAliases(fields: Fields): Fields {
  const entries = Object.entries(fields).map(([key, value]) => [
    Object.hasOwn(ALIASES, key) ? ALIASES[key] : key,
    value,
  ]);
  return Object.fromEntries(entries);
}

/** Which of the records it is meant to be; undefined for somebody else's JSON. */
function typeOf(fields: Fields): (TrainInput['type'] & string) | undefined {
  const { type } = fields;
  if (type === undefined) return 'loss' in fields && 'samples' in fields ? 'micro-batch' : undefined;
  if (type === 'log') return 'values' in fields ? type : undefined;
  return type === 'micro-batch' || type === 'epoch-end' || type === 'run-end' ? type : undefined;
}

function inputsOf(
  type: TrainInput['type'] & string,
  fields: Fields,
  assertValues: (values: LogValues) => void,
): readonly TrainInput[] {
  switch (type) {
    case 'micro-batch': {
      const batch = microBatchOf(fields);
      return fields.values === undefined ? [batch] : [batch, logOf(fields, assertValues)];
    }
    case 'epoch-end':
      return [{ type, ...(fields.valid !== undefined && { valid: metricsOf('valid', fields.valid) }) }];
    case 'log':
      return [logOf(fields, assertValues)];
    case 'run-end':
      return [endOf(fields)];
  }
}

function logOf({ values }: Fields, assertValues: (values: LogValues) => void): TrainInput {
  assertValues(values as LogValues);
  return { type: 'log', values: values as LogValues };
}

function endOf({ outcome = 'finished', error }: Fields): TrainInput {
  if (outcome !== 'finished' && outcome !== 'stopped' && outcome !== 'failed') {
    throw new TypeError(`outcome must be "finished", "stopped" or "failed", not ${show(outcome)}`);
  }
  if (error !== undefined && typeof error !== 'string') throw new TypeError(`error must be a text, not ${show(error)}`);
  return { type: 'run-end', outcome, ...(error !== undefined && { error }) };
}

function microBatchOf(fields: Fields): MicroBatchResult {
  const { loss, samples, weight, skipped, metrics, learningRate, lastOfEpoch } = fields;
  if (typeof loss !== 'number') throw new TypeError(`loss must be a number, not ${show(loss)}`);
  if (!Number.isSafeInteger(samples) || (samples as number) < 1) {
    throw new RangeError(`samples must be a positive integer, not ${show(samples)}`);
  }
  if (weight !== undefined && !(Number.isFinite(weight) && (weight as number) >= 0)) {
    throw new RangeError(`weight must be a number that is not negative, not ${show(weight)}`);
  }
  if (learningRate !== undefined && typeof learningRate !== 'number') {
    throw new TypeError(`learningRate must be a number, not ${show(learningRate)}`);
  }
  for (const [key, value] of Object.entries({ skipped, lastOfEpoch })) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw new TypeError(`${key} must be true or false, not ${show(value)}`);
    }
  }
  const checked = metrics === undefined ? undefined : metricsOf('metrics', metrics);
  if (checked !== undefined && 'loss' in checked) throw new TypeError('metrics.loss would hide the loss');
  return {
    loss,
    samples: samples as number,
    ...(weight !== undefined && { weight: weight as number }),
    ...(skipped === true && { skipped }),
    ...(checked !== undefined && { metrics: checked }),
    ...(learningRate !== undefined && { learningRate }),
    ...(lastOfEpoch !== undefined && { lastOfEpoch: lastOfEpoch as boolean }),
  };
}

function metricsOf(name: string, value: unknown): Metrics {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object of numbers, not ${show(value)}`);
  }
  for (const [metric, number] of Object.entries(value)) {
    if (typeof number !== 'number') throw new TypeError(`${name}.${metric} must be a number, not ${show(number)}`);
  }
  return value as Metrics;
}

function reasonOf(line: string, { message }: Error): string {
  const trimmed = line.trim();
  if (!trimmed.startsWith('{')) return 'other text stands before the record: print it on a line of its own';
  if (/^\{\s*'/.test(trimmed)) return 'it is a Python dict, not JSON: print json.dumps(…), not the dict';
  return `it is no whole JSON object (${message})`;
}
