import type { JsonValue } from '../log/value-json.js';
import { histogramOf } from './histogram.js';

const LIST_LIMIT = 32;

/**
 * A typed array as the Python client logs a NumPy array: alone as a number, up to 32 as a list, above that as a histogram
 * of 32 bins. Throws a `TypeError` where nothing of a longer one is finite.
 */
export function arrayValue(values: ArrayLike<number | bigint>): JsonValue {
  if (values.length === 1) return values[0]!;
  if (values.length <= LIST_LIMIT) return Array.from(values);
  return histogramOf({ kind: 'histogram', values: Float64Array.from(values, Number) }, LIST_LIMIT);
}
