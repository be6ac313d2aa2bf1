import type { RunEndEvent } from '@microbatch/core/logger';
import { plural } from '../../plural.js';
import { describe, type ExpectedValue } from '../expected-value.js';
import type { Reporter } from '../finding.js';
import { isNear } from '../near.js';
import { ranges } from '../ranges.js';
import { CLOCKS, type ExpectedRow } from './expected-rows.js';
import type { WandbRow, WandbTarget } from './load-wandb.js';

/** Compares a log's rows with those that it must have. */
export interface RowComparison {
  compare(row: ExpectedRow): void;
  /** Tells which rows are missing and which nobody expects. */
  end(): void;
  /** Values that were compared. */
  readonly values: number;
  readonly rows: number;
}

/** What the comparison needs to know of the run. */
export interface RowContext {
  /** Absent where the run is not over, so that the log may lack its last rows. */
  readonly runEnd: RunEndEvent | undefined;
  /** Of the run's last event, in ms since 1970. */
  readonly lastTime: number;
  /** Of a run that goes on from a checkpoint: what its earlier logs have, and what can be known of the beginning. */
  readonly resumed?: ResumedRows;
  /** Another process goes on with the run: that its rows end is as it must be. */
  readonly isGoneOnWith: boolean;
  /** A notice in the journal says that a value of this name was left out, or that a row was closed before it came. */
  isExcused(key: string): boolean;
}

/** Where the rows of a run that goes on from a checkpoint begin. */
export interface ResumedRows {
  /** The last row that an earlier log of the run has; this one must not have it again. -1 where there is none. */
  readonly lastRow: number;
  /** No earlier log is here, so that nobody knows which rows it has. */
  readonly isFirstLog: boolean;
  /** The journal before is not there: nothing is known of rows up to this one, nor of how long the run had gone. */
  readonly unknownUntil: number;
}

/** Seconds in 64 bits since 1970 are exact to 0.24 µs. */
const TIME_SLACK_S = 1e-6;
const MEDIA_TYPES = {
  histogram: ['histogram'],
  image: ['image-file', 'images/separated'],
  table: ['table-file'],
} as const;

export function createRowComparison(target: WandbTarget, context: RowContext, report: Reporter): RowComparison {
  const { runEnd, lastTime, resumed, isGoneOnWith } = context;
  const isOrphan = resumed !== undefined && resumed.unknownUntil >= 0;
  const found = new Map(target.rows);
  const missing: ExpectedRow[] = [];
  let [values, rows] = [0, 0];
  let last: ExpectedRow | undefined;
  let expectedLast: ExpectedRow | undefined;

  function checkNumber(row: ExpectedRow, key: string, expected: number, actual: unknown, slack = 0): void {
    values += 1;
    if (typeof actual === 'number' && isNear(actual, expected, 1, slack)) return;
    const code = key in CLOCKS || key.startsWith('_') ? 'clock' : actual === undefined ? 'missing-value' : 'value';
    report.fault(code, {
      at: { row: row.row, microStep: row.microStep },
      key,
      expected,
      found: shown(actual),
      message: `row ${row.row} (${row.what}) says ${key} ${shown(actual)}, where the journal says ${expected}`,
    });
  }

  function checkValue(row: ExpectedRow, key: string, expected: ExpectedValue, actual: unknown): void {
    if (typeof expected === 'number') {
      checkNumber(row, key, expected, actual);
      return;
    }
    values += 1;
    const isSame = typeof expected === 'string' ? actual === expected : isMedia(expected, actual);
    if (isSame) return;
    report.fault(actual === undefined ? 'missing-value' : 'value', {
      at: { row: row.row, microStep: row.microStep },
      key,
      expected: describe(expected),
      found: shown(actual),
      message: `row ${row.row} (${row.what}) says ${key} ${shown(actual)}, where the journal has ${describe(expected)}`,
    });
  }

  function checkRow(row: ExpectedRow, actual: WandbRow): void {
    for (const [key, clock] of Object.entries(CLOCKS)) {
      if (!row.joined.has(key)) checkNumber(row, key, row[clock], actual[key]);
    }
    checkNumber(row, '_timestamp', row.time / 1000, actual._timestamp, TIME_SLACK_S);
    // How long the run had gone where the server has its beginning, no file says.
    if (resumed === undefined ? target.run.run.startingStep === undefined : !isOrphan) {
      checkNumber(row, '_runtime', row.runtime, actual._runtime, TIME_SLACK_S);
    }
    for (const [key, value] of row.batch) checkValue(row, key, value, actual[key]);
    for (const [key, value] of row.joined) {
      if (actual[key] === undefined && context.isExcused(key)) continue;
      checkValue(row, key, value, actual[key]);
    }
    const unknown = Object.keys(actual).filter(
      (key) => !key.startsWith('_') && !(key in CLOCKS) && !row.batch.has(key) && !row.joined.has(key),
    );
    for (const key of unknown) {
      report.fault('unexpected-value', {
        at: { row: row.row, microStep: row.microStep },
        key,
        expected: 'nothing',
        found: shown(actual[key]),
        message: `row ${row.row} (${row.what}) has ${key}, which the journal does not have there`,
      });
    }
  }

  function reportMissing(): void {
    const lastRow = [...target.rows.keys()].at(-1) ?? Number.NEGATIVE_INFINITY;
    const firstRow = [...target.rows.keys()][0] ?? Number.POSITIVE_INFINITY;
    const tail = runEnd === undefined ? missing.filter(({ row }) => row > lastRow) : [];
    const mayBegin = (target.rows.size > 0 || runEnd !== undefined) && (target.isFragment || resumed?.isFirstLog);
    const head = mayBegin ? missing.filter(({ row }) => row < firstRow) : [];
    // A run with checkpoints that did not finish leaves its open row to the process that goes on with it.
    const left = runEnd === undefined || runEnd.outcome === 'finished' ? undefined : missing.at(-1);
    if (left !== undefined && left === expectedLast) {
      const message = `row ${left.row} is not there: a run with checkpoints leaves its last row to the process that goes on with it`;
      if (!isGoneOnWith) report.note('row-left', { at: { row: left.row }, message });
      tail.push(left);
    } else if (tail.length > 0 && !isGoneOnWith) {
      const message = `ends ${plural(tail.length, 'row')} before the journal, whose run is not over`;
      report.note('behind', { at: { row: lastRow }, message });
    }
    if (head.length > 0) {
      const begins = target.rows.size === 0 ? 'has no row' : `begins at row ${firstRow}`;
      const message = target.isFragment
        ? `${begins}: an upload has taken those before from another log`
        : `${begins}: those before are in a log of the run's that is not here`;
      report.note('fragment', { at: { row: head.at(-1)!.row + 1 }, message });
    }
    const gone = missing.filter((row) => !tail.includes(row) && !head.includes(row));
    const [first] = gone;
    if (first === undefined) return;
    const rowNames = ranges(gone.map(({ row }) => row));
    report.fault('missing-row', {
      at: { row: first.row, microStep: first.microStep },
      expected: gone.length === 1 ? first.what : `${gone.length} rows`,
      found: 'nothing',
      message: `row ${rowNames}: the log has no such row, but the journal has ${gone.length === 1 ? first.what : `what belongs there, from ${first.what} on`}`,
    });
  }

  function reportUnexpected(): void {
    // What follows the last event may be of the same millisecond.
    const isAhead = (row: WandbRow) => Number(row._timestamp) * 1000 > lastTime - 1000 * TIME_SLACK_S;
    const ahead = [...found].filter(([, row]) => runEnd === undefined && isAhead(row));
    if (ahead.length > 0 && !isGoneOnWith) {
      report.note('ahead', {
        message: `goes on for ${plural(ahead.length, 'row')} behind the journal, whose run is not over`,
      });
    }
    const others = [...found.keys()].filter(
      (row) => row > (resumed?.unknownUntil ?? -1) && !ahead.some(([other]) => other === row),
    );
    if (others.length === 0) return;
    report.fault('unexpected-row', {
      at: { row: others[0]! },
      expected: 'nothing',
      found: others.length === 1 ? 'a row' : `${others.length} rows`,
      message: `row ${ranges(others)}: the journal has no batch for it`,
    });
  }

  return {
    get values() {
      return values;
    },
    get rows() {
      return rows;
    },
    compare(row) {
      expectedLast = row;
      const actual = found.get(row.row);
      const isThere = resumed !== undefined && row.row <= resumed.lastRow;
      if (actual === undefined) {
        if (isThere) last = row;
        else missing.push(row);
        return;
      }
      if (isThere) {
        const message = `row ${row.row} (${row.what}) is there more than once: an earlier log of the run has it, up to row ${resumed.lastRow}`;
        report.fault('duplicate-step', { at: { row: row.row }, key: '_step', found: row.row, message });
      }
      found.delete(row.row);
      rows += 1;
      last = row;
      checkRow(row, actual);
    },
    end() {
      reportMissing();
      reportUnexpected();
      checkEnd(target, runEnd, report);
      // Of a run that is not over, or that leaves its last row, the summary is ahead of its rows.
      if (runEnd !== undefined && last !== undefined && last === expectedLast) checkSummary(target, last, report);
    },
  };
}

const EXIT_CODES = { finished: 0, failed: 1, stopped: 255 } as const;

function checkEnd({ run }: WandbTarget, runEnd: RunEndEvent | undefined, report: Reporter): void {
  if (runEnd === undefined) return;
  const expected = EXIT_CODES[runEnd.outcome];
  if (run.exit?.exitCode === expected) return;
  const found = run.exit === undefined ? 'no end' : `exit code ${run.exit.exitCode}`;
  const message = `the run ${runEnd.outcome}, which is exit code ${expected}; the log has ${found}`;
  report.fault('outcome', { key: 'exit code', expected, found, message });
}

/** An ended log's summary holds each key's last value, unless the key was defined otherwise. */
function checkSummary({ run }: WandbTarget, last: ExpectedRow, report: Reporter): void {
  if (run.exit === undefined) return;
  const defined = new Set(run.metrics.map(({ name }) => name));
  for (const [key, expected] of last.batch) {
    const found = run.summary[key];
    if (defined.has(key) || run.metrics.some(({ globName }) => globName !== undefined)) continue;
    if (typeof expected !== 'number' || (typeof found === 'number' && isNear(found, expected, 0))) continue;
    const message = `the summary says ${key} ${shown(found)}, where the last row says ${expected}`;
    report.fault('summary', { at: { row: last.row }, key, expected, found: shown(found), message });
  }
}

function isMedia(expected: Exclude<ExpectedValue, number | string>, actual: unknown): boolean {
  const type = (actual as { _type?: string } | null | undefined)?._type;
  return type !== undefined && (MEDIA_TYPES[expected.kind] as readonly string[]).includes(type);
}

function shown(value: unknown): number | string {
  if (typeof value === 'number') return value;
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
