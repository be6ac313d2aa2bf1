import { isDeepStrictEqual } from 'node:util';

/**
 * Where two lists first differ, undefined where they are the same: NaN equals NaN, and -0 is not 0. A matcher's own
 * difference of 100,000 rows would take minutes to print.
 */
export function firstDifference(found: readonly unknown[], expected: readonly unknown[]): object | undefined {
  for (let index = 0; index < Math.max(found.length, expected.length); index++) {
    if (!isDeepStrictEqual(found[index], expected[index])) {
      return { index, found: found[index], expected: expected[index] };
    }
  }
  return undefined;
}
