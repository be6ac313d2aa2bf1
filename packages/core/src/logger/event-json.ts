import { deepFreeze } from './deep-freeze.js';
import { decodeJson, encodeJson, type JsonValue } from './json-codec.js';
import type { TrainEvent } from './train-event.js';

const CLOCKS = ['microStep', 'step', 'samples', 'epoch', 'time'] as const;

type Shape = 'number' | 'object' | 'array';

/** What consumers take for granted of each type; what else is absent or of another kind, they must bear. */
const SHAPES: Readonly<Record<TrainEvent['type'], Readonly<Record<string, Shape>>>> = {
  'run-start': { run: 'object' },
  'micro-batch': { loss: 'number', batchSamples: 'number', weight: 'number', metrics: 'object', window: 'object' },
  'accumulated-batch': { loss: 'number', normalizer: 'number', metrics: 'object', microBatches: 'array' },
  'discarded-window': { microBatches: 'array' },
  'epoch-end': { train: 'object' },
  log: { values: 'object' },
  diagnostic: {},
  'run-end': {},
};

/** An event as data for `JSON.stringify`, in the form that `encodeJson` describes. */
export function eventToJson(event: TrainEvent): JsonValue {
  return encodeJson(event);
}

/**
 * The event that `eventToJson` wrote, frozen, from what `JSON.parse` returned. An event of a type that this version
 * does not know passes. Throws a `SyntaxError` for what is not an event.
 */
export function eventFromJson(json: unknown): TrainEvent {
  const event = decodeJson(json) as Partial<TrainEvent> | null;
  if (typeof event !== 'object' || event === null || typeof event.type !== 'string') {
    throw new SyntaxError(`not an event: ${abbreviate(json)}`);
  }
  for (const clock of CLOCKS) {
    if (typeof event[clock] !== 'number') throw new SyntaxError(`an event without ${clock}: ${abbreviate(json)}`);
  }
  const lacking = lackingOf(event as TrainEvent);
  if (lacking !== undefined) throw new SyntaxError(`${event.type} without ${lacking}: ${abbreviate(json)}`);
  return deepFreeze(event as TrainEvent);
}

/** The name of the first that is not there as it must be. */
function lackingOf(event: TrainEvent): string | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...event };
  const shapes = Object.hasOwn(SHAPES, event.type) ? SHAPES[event.type] : {};
  const lacking = Object.entries(shapes).find(([name, shape]) => !isOf(fields[name], shape))?.[0];
  if (lacking !== undefined) return lacking;
  if (event.type === 'run-start') {
    return ['plan', 'policy'].find((name) => !isOf((fields.run as Record<string, unknown>)[name], 'object'));
  }
  if (event.type === 'epoch-end' && event.valid !== undefined && !isOf(event.valid, 'object')) return 'valid metrics';
  const records: unknown = fields.microBatches;
  if (Array.isArray(records) && !records.every((record) => isOf(record, 'object'))) return 'whole microBatches';
  return undefined;
}

function isOf(value: unknown, shape: Shape): boolean {
  if (shape === 'number') return typeof value === 'number';
  return typeof value === 'object' && value !== null && Array.isArray(value) === (shape === 'array');
}

function abbreviate(json: unknown): string {
  const text = JSON.stringify(json) ?? String(json);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
