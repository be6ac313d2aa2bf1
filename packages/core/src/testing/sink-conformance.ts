import type { ConformanceCase, ConformanceOptions } from './conformance-case.js';
import { contentCases } from './content-cases.js';
import { deliveryCases } from './delivery-cases.js';
import { isolationCases } from './isolation-cases.js';
import { lifecycleCases } from './lifecycle-cases.js';
import { resumeCases } from './resume-cases.js';
import { withoutUnhandledRejections } from './unhandled-rejections.js';

/**
 * What every sink has to do, as cases for any test runner:
 * `for (const { name, run } of sinkConformance({ create })) it(name, run)`.
 * Which kinds of value are asked for depends on `sink.supports` alone. Throws a `TypeError` without `create`.
 */
export function sinkConformance(options: ConformanceOptions): ConformanceCase[] {
  if (typeof options?.create !== 'function') {
    throw new TypeError(`create must be a function that makes a fresh sink, not ${typeof options?.create}`);
  }
  const groups = [lifecycleCases, deliveryCases, contentCases, isolationCases, resumeCases];
  return groups
    .flatMap((casesOf) => casesOf(options))
    .map(({ name, run }) => ({ name, run: () => withoutUnhandledRejections(run) }));
}
