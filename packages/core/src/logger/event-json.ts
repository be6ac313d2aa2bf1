import { deepFreeze } from './deep-freeze.js';
import { decodeJson, encodeJson, type JsonValue } from './json-codec.js';
import type { TrainEvent } from './train-event.js';

const CLOCKS = ['microStep', 'step', 'samples', 'epoch', 'time'] as const;

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
  return deepFreeze(event as TrainEvent);
}

function abbreviate(json: unknown): string {
  const text = JSON.stringify(json) ?? String(json);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
