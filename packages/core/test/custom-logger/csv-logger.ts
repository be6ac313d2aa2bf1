import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import {
  batchScalars,
  defineLogger,
  type Logger,
  LoggerError,
  metricNames,
  type RunInfo,
  type Sink,
  type TrainEvent,
} from '@microbatch/core/logger';

const NAMES = metricNames();
const HEADER = 'microStep,step,samples,name,value\n';

/** The lines that one event adds: a line for each number. */
export function csvLines(event: TrainEvent, run: RunInfo): string {
  let lines = '';
  const add = (name: string, value: number) => {
    lines += `${event.microStep},${event.step},${event.samples},"${name.replaceAll('"', '""')}",${value}\n`;
  };
  switch (event.type) {
    case 'micro-batch':
    case 'accumulated-batch':
      batchScalars(event, run, NAMES, add);
      break;
    case 'epoch-end':
      for (const metric in event.valid) add(NAMES.valid(metric), event.valid[metric]!);
      break;
    case 'log':
      for (const [key, value] of Object.entries(event.values)) if (typeof value === 'number') add(key, value);
      break;
  }
  return lines;
}

/** Writes the numbers of a run to a CSV file that must not exist yet. */
export function csvSink(path: string): Sink {
  let open: { readonly file: number; readonly run: RunInfo } | undefined;

  function close(): void {
    if (open === undefined) return;
    const { file } = open;
    open = undefined;
    fsyncSync(file);
    closeSync(file);
  }

  return {
    name: 'csv',
    supports: { scalars: true, histograms: false, images: false, text: false, tables: false },
    open(run) {
      open = { file: openSync(path, 'ax'), run };
      appendFileSync(open.file, HEADER);
    },
    write(events) {
      if (open === undefined) throw new LoggerError('csv', 'not-open', 'csv: write() needs an open run');
      const { file, run } = open;
      appendFileSync(file, events.map((event) => csvLines(event, run)).join(''));
    },
    flush() {
      if (open !== undefined) fsyncSync(open.file);
    },
    close,
    exitSync: close,
  };
}

/** Logs the numbers of a run to a CSV file. */
export function csv(path: string): Logger {
  return defineLogger(csvSink(path));
}
