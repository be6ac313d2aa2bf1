import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import { readWandbRun, type WandbRun } from '@microbatch/logger-wandb';
import type { Reporter } from '../finding.js';

export type WandbRow = Readonly<Record<string, unknown>>;

/** A W&B log that was read and checked by itself. */
export interface WandbTarget {
  readonly path: string;
  readonly run: WandbRun;
  /** By `_step`, the first of each, in rising order. */
  readonly rows: ReadonlyMap<number, WandbRow>;
  /** It holds what an upload left of another log, so that earlier rows are elsewhere. */
  readonly isFragment: boolean;
}

/** Reads a log and checks that its rows' steps rise; nothing where it can't be read. */
export function loadWandb(path: string, report: Reporter): WandbTarget | undefined {
  let run: WandbRun;
  try {
    const sizeBefore = statSync(path).size;
    if (sizeBefore === 0) {
      report.fault('empty-file', { expected: 'a W&B log', found: 'nothing', message: 'is empty' });
      return undefined;
    }
    run = readWandbRun(path);
    reportDamage(run, statSync(path).size > sizeBefore, report);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (error instanceof LoggerError) report.fault(code!, { message });
    else if (code !== undefined) report.fault('unreadable', { message });
    else report.fault('damaged-record', { message: `can't be read: ${message}` });
    return undefined;
  }
  return { path, run, rows: orderedRows(run, report), isFragment: isFragment(path) };
}

function reportDamage({ damage }: WandbRun, isGrowing: boolean, report: Reporter): void {
  for (const [at, { offset, reason }] of damage.entries()) {
    const isTail = at === damage.length - 1 && /cut off/.test(reason);
    const told = { at: { byte: offset }, expected: 'a whole record', found: reason };
    if (!isTail) report.fault('damaged-record', { ...told, message: `damaged at byte ${offset}: ${reason}` });
    else if (isGrowing)
      report.note('growing', { ...told, message: 'it is being written: its last record is not whole yet' });
    else report.fault('torn-file', { ...told, message: `torn: the last record, at byte ${offset}, is not whole` });
  }
}

function orderedRows({ history }: WandbRun, report: Reporter): ReadonlyMap<number, WandbRow> {
  const rows = new Map<number, WandbRow>();
  let highest = Number.NEGATIVE_INFINITY;
  for (const [at, row] of history.entries()) {
    const step = row._step;
    if (typeof step !== 'number') {
      report.fault('no-step', { key: '_step', expected: 'a number', message: `row ${at + 1} of the log has no _step` });
      continue;
    }
    const told = { at: { row: step }, key: '_step', expected: `more than ${highest}`, found: step };
    if (rows.has(step)) {
      report.fault('duplicate-step', { ...told, message: `row ${step} is there more than once` });
      continue;
    }
    if (step < highest) {
      const message = `row ${step} stands behind row ${highest}: the rows are out of order`;
      report.fault('out-of-order', { ...told, message });
    }
    highest = Math.max(highest, step);
    rows.set(step, row);
  }
  return new Map([...rows].sort(([a], [b]) => a - b));
}

/** Whether the upload state of another log of the run says that its rest was handed over to this one. */
function isFragment(path: string): boolean {
  const folder = dirname(path);
  const beside = dirname(folder);
  return readdirSync(beside).some((name) => {
    try {
      const state: unknown = JSON.parse(readFileSync(join(beside, name, `${basename(path)}.upload.json`), 'utf8'));
      return (state as { handedOver?: string }).handedOver === basename(folder);
    } catch {
      // Most have none.
      return false;
    }
  });
}
