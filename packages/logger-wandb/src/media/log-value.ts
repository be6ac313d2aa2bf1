import type { HistogramValue, LogValue } from '@microbatch/core/logger';
import { isTypedArray, type JsonValue, toJsonValue } from '../log/value-json.js';
import { arrayValue } from './array-value.js';
import { histogramOf } from './histogram.js';

/**
 * What W&B shows for a value of `log()`: a distribution in its own histogram form, text as a string; beyond the contract,
 * whatever `toJsonValue` takes, and typed arrays by `arrayValue`. Throws a `TypeError` that says why a value can't be shown.
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
