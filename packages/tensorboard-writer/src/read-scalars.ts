import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Column } from './column.js';
import type { PluginOfTag } from './decode-event.js';
import type { FileEvent, StopInfo } from './event.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { eventFileNames } from './event-file-names.js';
import { decodeOrReject } from './read-events.js';
import { RecordCursor } from './record-cursor.js';

/** The points of one tag in the order in which they were written; three columns of equal length. */
export interface ScalarSeries {
  readonly steps: Float64Array;
  readonly values: Float64Array;
  /** Seconds since 1970. */
  readonly wallTimes: Float64Array;
}

/** How the reading of one file of a run went. */
export interface ScalarFile {
  readonly path: string;
  readonly stopped: StopInfo;
  /** Points left out because their step is beyond ±(2^53 - 1). */
  readonly unsafeSteps: number;
}

/** All scalars of a run. */
export interface RunScalars {
  readonly series: ReadonlyMap<string, ScalarSeries>;
  readonly files: readonly ScalarFile[];
}

/**
 * Reads all scalars of one event file, or of a run: the event files that lie directly in a folder, in TensorBoard's order.
 * Every point is kept, also where a later file goes over the same steps. Rejects with an `EventFileError` (`read-failed`).
 */
export async function readScalars(path: string): Promise<RunScalars> {
  const columns = new Map<string, SeriesColumns>();
  const plugins: PluginOfTag = new Map();
  const files: ScalarFile[] = [];
  for (const file of await filesOf(path)) files.push(await readFile(file, plugins, columns));
  const series = new Map<string, ScalarSeries>();
  for (const [tag, { steps, values, wallTimes }] of columns) {
    series.set(tag, { steps: steps.toArray(), values: values.toArray(), wallTimes: wallTimes.toArray() });
  }
  return { series, files };
}

interface SeriesColumns {
  readonly steps: Column;
  readonly values: Column;
  readonly wallTimes: Column;
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return eventFileNames(path).map((name) => join(path, name));
  } catch (cause) {
    throw new EventFileError('read-failed', path, `cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

// Not by way of readEvents: a promise for each event would cost more than reading it.
async function readFile(path: string, plugins: PluginOfTag, columns: Map<string, SeriesColumns>): Promise<ScalarFile> {
  const cursor = await RecordCursor.open(path);
  let unsafeSteps = 0;
  try {
    do {
      while (cursor.advance()) {
        const event = decodeOrReject(cursor, plugins);
        if (event !== undefined) unsafeSteps += addEvent(event, columns);
      }
    } while (await cursor.fill());
    return { path, stopped: cursor.stopped!, unsafeSteps };
  } finally {
    await cursor.close();
  }
}

/** Adds an event's scalars; returns how many it had to leave out. */
function addEvent(event: FileEvent, columns: Map<string, SeriesColumns>): number {
  if (event.kind !== 'summary') return 0;
  let leftOut = 0;
  for (const value of event.values) {
    if (value.kind !== 'scalar') continue;
    if (typeof event.step === 'bigint') {
      leftOut++;
      continue;
    }
    let column = columns.get(value.tag);
    if (column === undefined) {
      column = { steps: new Column(), values: new Column(), wallTimes: new Column() };
      columns.set(value.tag, column);
    }
    column.steps.push(event.step);
    column.values.push(value.value);
    column.wallTimes.push(event.wallTime);
  }
  return leftOut;
}
