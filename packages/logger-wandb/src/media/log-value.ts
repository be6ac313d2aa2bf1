import type { HistogramValue, LogValue } from '@microbatch/core/logger';
import { isTypedArray, type JsonValue, toJsonValue } from '../log/value-json.js';
import { histogramOf } from './histogram.js';

const LIST_LIMIT = 32;

/**
 * What W&B shows for a value of `log()`: a distribution in its own histogram form, text as a string; beyond the contract,
 * whatever `toJsonValue` takes, and a typed array as the Python client logs a NumPy array: alone as a number, up to 32 as
 * a list, above that as a histogram. Throws a `TypeError` that says why a value can't be shown.
 */
export function toRowValue(value: LogValue): JsonValue {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (isTypedArray(value)) return arrayValue(value);
  switch (value?.kind) {
    case 'text':
      return value.text;
    case 'histogram':
      return histogramOf(value satisfies HistogramValue);
    case 'image':
    case 'table':
      throw new TypeError(`this version does not write ${value.kind}s`);
    default:
      return toJsonValue(value);
  }
}

function arrayValue(values: ArrayLike<number | bigint>): JsonValue {
  if (values.length === 1) return values[0]!;
  if (values.length <= LIST_LIMIT) return Array.from(values);
  return histogramOf({ kind: 'histogram', values: Float64Array.from(values, Number) }, LIST_LIMIT);
}
