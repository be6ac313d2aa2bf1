import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertPath } from './arguments.js';
import type { StopInfo } from './event.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { eventFileNames } from './event-file-names.js';
import { RecordCursor } from './record-cursor.js';
import { ScalarColumns } from './scalar-columns.js';
import { MalformedError } from './wire.js';

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
 * Every point is kept, also where a later file goes over the same steps. Rejects with a
 * `TypeError` where `path` is no path, with an `EventFileError` (`read-failed`) where it can't be read.
 */
export async function readScalars(path: string): Promise<RunScalars> {
  assertPath('path', path, 'an event file or a folder');
  const columns = new ScalarColumns();
  const files: ScalarFile[] = [];
  for (const file of await filesOf(path)) files.push(await readFile(file, columns));
  const series = new Map<string, ScalarSeries>();
  for (const [tag, { steps, values, wallTimes }] of columns.byTag) {
    series.set(tag, { steps: steps.toArray(), values: values.toArray(), wallTimes: wallTimes.toArray() });
  }
  return { series, files };
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return eventFileNames(path).map((name) => join(path, name));
  } catch (cause) {
    throw new EventFileError('read-failed', path, `cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function readFile(path: string, columns: ScalarColumns): Promise<ScalarFile> {
  const cursor = await RecordCursor.open(path);
  const unsafeBefore = columns.unsafeSteps;
  try {
    do {
      while (cursor.advance()) addOrReject(cursor, columns);
    } while (await cursor.fill());
    return { path, stopped: cursor.stopped!, unsafeSteps: columns.unsafeSteps - unsafeBefore };
  } finally {
    await cursor.close();
  }
}

/** Adds the scalars of the record at hand; where it is no event, ends the cursor's walk. */
function addOrReject(cursor: RecordCursor, columns: ScalarColumns): void {
  try {
    columns.add(cursor.bytes, cursor.view, cursor.start, cursor.end);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    cursor.reject('malformed-event');
  }
}
