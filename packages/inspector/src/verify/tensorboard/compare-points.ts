import type { RunEndEvent } from '@microbatch/core/logger';
import { plural } from '../../plural.js';
import { describe } from '../expected-value.js';
import type { Findings, Reporter } from '../finding.js';
import { isNear } from '../near.js';
import { ranges } from '../ranges.js';
import type { ExpectedPoint } from './expected-points.js';
import type { EventFile } from './load-event-file.js';
import { createPointTable, type FoundPoint, type PointTable } from './point-table.js';
import { route, type TagLayout } from './route.js';

/** Compares the points of a run's event files with those that they must have. */
export interface PointComparison {
  compare(point: ExpectedPoint): void;
  /** Tells which points are missing and which nobody expects. */
  end(): void;
  readonly points: number;
}

/** What the comparison needs to know of the run and its files. */
export interface PointContext {
  /** By the folder below the run's own: '', or 'train' and 'validation'. */
  readonly files: ReadonlyMap<string, readonly EventFile[]>;
  readonly layout: TagLayout;
  /** Names the folder in what is found. */
  readonly root: string;
  readonly runEnd: RunEndEvent | undefined;
  /** Of the run's last event, in ms since 1970. */
  readonly lastTime: number;
  /** Another process goes on with the run: that its points end is as it must be. */
  readonly isGoneOnWith: boolean;
  /** The journal before is not there: nothing is known of points up to this x. -1 where all are known. */
  readonly unknownUntil: number;
  isExcused(tag: string): boolean;
}

/** Seconds in 64 bits since 1970 are exact to 0.24 µs. */
const TIME_SLACK_S = 1e-6;

export function createPointComparison(context: PointContext, findings: Findings): PointComparison {
  const { files, layout, runEnd, lastTime, root, isGoneOnWith, unknownUntil } = context;
  const tables = new Map<string, PointTable>();
  for (const [folder, its] of files) tables.set(folder, createPointTable(its));
  const missing = new Map<string, ExpectedPoint[]>();
  let points = 0;

  function lastXOf(tag: string): number {
    return tables.get(route(tag, layout).folder)?.lastX ?? Number.NEGATIVE_INFINITY;
  }

  function reporterOf(tag: string, file?: string): Reporter {
    return findings.reporter(file ?? files.get(route(tag, layout).folder)?.[0]?.path ?? root);
  }

  function checkPoint(expected: ExpectedPoint, found: FoundPoint): void {
    points += 1;
    const { tag, x, value, microStep } = expected;
    const report = reporterOf(tag, found.file);
    if (!isShown(expected, found)) {
      const what = { expected: describe(value), found: foundValue(found) };
      const message = `${tag} at x ${x} is ${what.found}, where the journal has ${what.expected}`;
      report.fault('value', { at: { x, microStep }, key: tag, ...what, message });
    }
    const due = expected.time / 1000;
    if (isNear(found.wallTime, due, 1, TIME_SLACK_S)) return;
    const message = `${tag} at x ${x} is of another time than in the journal`;
    report.fault('clock', { at: { x, microStep }, key: tag, expected: due, found: found.wallTime, message });
  }

  function reportMissing(): void {
    const behind = new Set<number>();
    for (const [tag, all] of missing) {
      const gone = all.filter(({ x, isBatch }) => {
        // The last x may be half written.
        const isTail = runEnd === undefined && x >= lastXOf(tag);
        if (isTail) behind.add(x);
        return !isTail && !(context.isExcused(tag) && !isBatch);
      });
      const [first] = gone;
      if (first === undefined) continue;
      reporterOf(tag).fault('missing-point', {
        at: { x: first.x, microStep: first.microStep },
        key: tag,
        expected: gone.length === 1 ? describe(first.value) : `${gone.length} points`,
        found: 'nothing',
        message: `${tag} at x ${ranges(gone.map(({ x }) => x))}: there is no such point`,
      });
    }
    if (behind.size === 0 || isGoneOnWith) return;
    const message = `ends ${plural(behind.size, 'step')} before the journal, whose run is not over`;
    findings.reporter(root).note('behind', { at: { x: Math.min(...behind) }, message });
  }

  function reportUnexpected(): void {
    for (const table of tables.values()) {
      for (const { tag, xs, file } of table.rest()) {
        // What follows the last event may be of the same millisecond.
        const isAhead = (x: number) =>
          runEnd === undefined && (table.wallTime(tag, x) ?? 0) * 1000 > lastTime - 1000 * TIME_SLACK_S;
        const ahead = xs.filter(isAhead);
        const others = xs.filter((x) => x > unknownUntil && !isAhead(x));
        const report = findings.reporter(file);
        if (ahead.length > 0 && !isGoneOnWith) {
          report.note('ahead', {
            key: tag,
            message: `${tag} goes on for ${plural(ahead.length, 'point')} behind the journal`,
          });
        }
        if (others.length === 0) continue;
        report.fault('unexpected-point', {
          at: { x: others[0]! },
          key: tag,
          expected: 'nothing',
          found: others.length === 1 ? 'a point' : `${others.length} points`,
          message: `${tag} at x ${ranges(others)}: the journal has nothing for it`,
        });
      }
    }
  }

  return {
    get points() {
      return points;
    },
    compare(point) {
      const place = route(point.tag, layout);
      const found = tables.get(place.folder)?.take(place.tag, point.x);
      if (found !== undefined) return checkPoint(point, found);
      const all = missing.get(point.tag) ?? [];
      all.push(point);
      missing.set(point.tag, all);
    },
    end() {
      reportMissing();
      reportUnexpected();
    },
  };
}

/** Scalars are 32-bit floats in event files, unless their writer chose tensors of doubles. */
function isShown({ value }: ExpectedPoint, { kind, value: found, text }: FoundPoint): boolean {
  if (typeof value === 'number') {
    return kind === 'scalar' && (isNear(found, value, 0) || isNear(found, Math.fround(value), 0));
  }
  if (typeof value === 'string') return kind === 'text' && text === value;
  return kind === (value.kind === 'table' ? 'text' : value.kind);
}

function foundValue({ kind, value, text = '' }: FoundPoint): number | string {
  if (kind === 'scalar') return value;
  if (kind !== 'text') return `of kind ${kind}`;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
