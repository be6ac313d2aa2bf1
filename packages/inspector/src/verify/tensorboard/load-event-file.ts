import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EventFileError, readEvents, type StopInfo, type SummaryValue } from 'tensorboard-writer';
import { type Column, createColumn } from '../column.js';
import type { Reporter } from '../finding.js';

export type PointKind = 'scalar' | 'histogram' | 'image' | 'text' | 'audio';

/** The points of one tag, as they stand in the file. */
export interface TagPoints {
  readonly kind: PointKind;
  readonly x: Column;
  /** NaN for what is no number. */
  readonly value: Column;
  /** Seconds since 1970. */
  readonly wallTime: Column;
  /** Of a text; empty for other kinds. */
  readonly texts: string[];
}

/** An event file that was read and checked by itself. */
export interface EventFile {
  readonly path: string;
  readonly folder: string;
  readonly tags: ReadonlyMap<string, TagPoints>;
  /** From which x on it takes over from earlier files of its folder. */
  readonly starts: readonly number[];
  readonly points: number;
}

const VERSION = 'brain.Event:2';

/** Reads an event file and checks that it is whole and its points in order; nothing where it can't be read. */
export async function loadEventFile(path: string, report: Reporter): Promise<EventFile | undefined> {
  const tags = new Map<string, TagPoints>();
  const starts: number[] = [];
  let points = 0;
  let version: string | undefined;

  function add(summary: SummaryValue, x: number, wallTime: number): void {
    const { kind, tag } = summary;
    // What other plugins show, as the hparams table, is no point of a run's.
    if (kind === 'tensor' || kind === 'other') return;
    let its = tags.get(tag);
    if (its === undefined) {
      its = { kind, x: createColumn(), value: createColumn(), wallTime: createColumn(), texts: [] };
      tags.set(tag, its);
    }
    its.x.push(x);
    its.value.push(kind === 'scalar' ? summary.value : Number.NaN);
    its.wallTime.push(wallTime);
    if (kind === 'text') its.texts.push(summary.texts.join('\n'));
    points += 1;
  }

  try {
    const sizeBefore = (await stat(path)).size;
    const reader = readEvents(path);
    for await (const event of reader) {
      const x = Number(event.step);
      if (event.kind === 'file-version') version ??= event.version;
      else if (event.kind === 'session' && event.status === 'start') starts.push(x);
      else if (event.kind === 'summary') for (const value of event.values) add(value, x, event.wallTime);
    }
    const isGrowing = (await stat(path)).size > sizeBefore;
    if (sizeBefore === 0) {
      report.fault('empty-file', { expected: 'an event file', found: 'nothing', message: 'is empty' });
      return undefined;
    }
    reportStop(reader.stopped!, isGrowing, report);
    if (version !== VERSION && reader.stopped!.offset > 0) {
      const found = version ?? 'something else';
      const message = `does not begin as an event file: ${found}`;
      report.fault('not-an-event-file', { at: { byte: 0 }, expected: VERSION, found, message });
    }
  } catch (error) {
    if (!(error instanceof EventFileError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    report.fault('unreadable', { message: (error as Error).message });
    return undefined;
  }
  for (const [tag, its] of tags) checkOrder(tag, its.x, report);
  return { path, folder: dirname(path), tags, starts, points };
}

function reportStop({ reason, offset }: StopInfo, isGrowing: boolean, report: Reporter): void {
  if (reason === 'end') return;
  const told = { at: { byte: offset }, expected: 'a whole record', found: reason };
  if (reason !== 'torn-record') {
    const message = `damaged at byte ${offset} (${reason}): nothing behind it can be read`;
    report.fault('damaged-record', { ...told, message });
  } else if (isGrowing) {
    report.note('growing', { ...told, message: 'it is being written: its last record is not whole yet' });
  } else {
    report.fault('torn-file', { ...told, message: `torn: the last record, at byte ${offset}, is not whole` });
  }
}

function checkOrder(tag: string, x: Column, report: Reporter): void {
  const seen = new Set<number>();
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < x.length; at += 1) {
    const value = x.at(at);
    const told = { at: { x: value }, key: tag, expected: `more than ${highest}`, found: value };
    if (value > highest) {
      highest = value;
    } else if (value === highest || seen.has(value)) {
      report.fault('duplicate-step', { ...told, message: `${tag} has more than one point at x ${value}` });
    } else {
      const message = `${tag} has x ${value} behind x ${highest}: the points are out of order`;
      report.fault('out-of-order', { ...told, message });
    }
    seen.add(value);
  }
}
