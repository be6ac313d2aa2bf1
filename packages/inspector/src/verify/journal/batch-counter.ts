import type { Reporter } from '../finding.js';
import { ranges } from '../ranges.js';

/**
 * How an event follows those before it. `'next'`: as it must. `'gap'`: batches before it are missing, so far. `'repeated'`: it
 * was there already. `'late'`: others that come after it were there already.
 */
export type Sequence = 'next' | 'gap' | 'repeated' | 'late';

/** Counts batches, each of which must come once and in order. */
export interface BatchCounter {
  /** The highest number so far. */
  readonly current: number;
  take(value: number): Sequence;
  /** Another event says that there were more. */
  skipTo(value: number): void;
  /** Those that never came. */
  readonly missing: ReadonlySet<number>;
  /** Forgets what is missing so far: it was told of already. */
  goOn(): void;
}

const NAMES = { microStep: 'micro-batch', step: 'accumulated batch' } as const;

/** Counts on one clock, from `before` on. */
export function createBatchCounter(clock: 'microStep' | 'step', before: number, report: Reporter): BatchCounter {
  let current = before;
  const missing = new Set<number>();

  function skipTo(value: number): void {
    for (let skipped = current + 1; skipped <= value; skipped += 1) missing.add(skipped);
    current = Math.max(current, value);
  }

  return {
    get current() {
      return current;
    },
    missing,
    goOn: () => missing.clear(),
    skipTo,
    take(value) {
      if (value > current) {
        const sequence = value === current + 1 ? 'next' : 'gap';
        skipTo(value);
        missing.delete(value);
        return sequence;
      }
      const told = { at: { [clock]: value }, key: clock, expected: current + 1, found: value };
      if (missing.delete(value)) {
        const message = `${NAMES[clock]} ${value} stands behind ${clock} ${current}: the lines are out of order`;
        report.fault('out-of-order', { ...told, message });
        return 'late';
      }
      report.fault('duplicate-step', { ...told, message: `${NAMES[clock]} ${value} is there more than once` });
      return 'repeated';
    },
  };
}

/** Tells which batches never came, but for those that were told of already. */
export function reportMissing(
  counter: BatchCounter,
  clock: 'microStep' | 'step',
  report: Reporter,
  told: ReadonlySet<number> = new Set(),
): void {
  const missing = [...counter.missing].filter((number) => !told.has(number));
  const [first] = missing;
  if (first === undefined) return;
  report.fault(clock === 'step' ? 'missing-window' : 'missing-micro-batch', {
    at: { [clock]: first },
    expected: missing.length === 1 ? `one ${NAMES[clock]}` : `${missing.length} of kind ${NAMES[clock]}`,
    found: 'nothing',
    message: `${NAMES[clock]} ${ranges(missing)}: the journal has no such line`,
  });
}
