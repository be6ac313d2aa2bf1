import { LoggerError } from '../src/logger/logger-error.js';
import { isRecorded } from '../src/logger/recorded-scalars.js';
import type { RunInfo } from '../src/logger/run-info.js';
import type { Sink } from '../src/logger/sink.js';
import type { TrainEvent } from '../src/logger/train-event.js';
import type { ConformanceSubject, ReadBack } from '../src/testing/index.js';

export interface Row {
  readonly key: string;
  readonly value: unknown;
}

/** What a sink that buffers has brought to its place. */
export interface Place {
  rows: readonly Row[];
  closed: boolean;
}

export interface BufferedSubject extends ConformanceSubject {
  readonly sink: Sink & Required<Pick<Sink, 'exitSync'>>;
  readonly place: Place;
}

/** A sound sink that shows nothing before a flush, a close or an exit. */
export function bufferedSubject(): BufferedSubject {
  const place: Place = { rows: [], closed: false };
  let run: RunInfo | undefined;
  let buffer: Row[] = [];

  function flush(): void {
    place.rows = [...place.rows, ...buffer];
    buffer = [];
  }

  function close(): void {
    flush();
    if (run !== undefined) place.closed = true;
    run = undefined;
  }

  function rowsOf(event: TrainEvent, ofRun: RunInfo): Row[] {
    if (isRecorded(event, ofRun)) return [{ key: 'loss', value: event.loss }];
    return event.type === 'log' ? Object.entries(event.values).map(([key, value]) => ({ key, value })) : [];
  }

  const sink = {
    name: 'buffered',
    supports: { scalars: true, histograms: true, images: true, text: true, tables: true },
    open(opened: RunInfo) {
      run = opened;
    },
    write(events: readonly TrainEvent[]) {
      const open = run;
      if (open === undefined) throw new LoggerError('buffered', 'not-open', 'buffered: no run is open');
      buffer.push(...events.flatMap((event) => rowsOf(event, open)));
    },
    flush,
    close,
    exitSync: close,
  };
  return { sink, place, read: () => readBack(place) };
}

/** What the place shows. */
export function readBack({ rows, closed }: Place): ReadBack {
  const logged: Record<string, unknown[]> = {};
  for (const { key, value } of rows) if (key !== 'loss') logged[key] = [...(logged[key] ?? []), value];
  return { losses: rows.filter(({ key }) => key === 'loss').map(({ value }) => value as number), logged, closed };
}
