import { join } from 'node:path';
import { SummaryWriter, type SummaryWriterOptions } from 'tensorboard-writer';
import { createPointBuffer } from './point-buffer.js';
import { createRouter, FIRST_FOLDER } from './router.js';
import type { ResolvedOptions } from './tensorboard-options.js';
import type { EmitPoint } from './to-points.js';

/** The event files of one run. */
export interface RunWriters {
  /** Takes a point of a batch. */
  readonly stage: EmitPoint;
  /** Writes the points of the batch. */
  settle(): void;
  /** Takes a point that a later one for the same tag and x may replace. */
  readonly hold: EmitPoint;
  flush(): void;
  /** Writes what is held and lets the files go, also where that throws. */
  close(): void;
}

/** Opens the run's files; a folder that can't be written throws now. */
export function openRunWriters({ logDir, layout }: ResolvedOptions, options: SummaryWriterOptions): RunWriters {
  const writers = new Map<string, SummaryWriter>();
  const route = createRouter(layout);
  const buffer = createPointBuffer(({ folder, tag }, x, value, wallTime) => {
    writerOf(folder).addScalar(tag, value, x, wallTime);
  });

  // A validation folder without a point would show as an empty run: it waits for the first.
  function writerOf(folder: string): SummaryWriter {
    let writer = writers.get(folder);
    if (writer === undefined) {
      writer = new SummaryWriter(join(logDir, folder), options);
      writers.set(folder, writer);
    }
    return writer;
  }

  function closeAll(): void {
    const errors: unknown[] = [];
    for (const writer of writers.values()) {
      try {
        writer.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  writerOf(FIRST_FOLDER[layout]);

  return {
    stage: (tag, x, value, wallTime) => buffer.stage(route(tag), x, value, wallTime),
    settle: buffer.settle,
    hold: (tag, x, value, wallTime) => buffer.hold(route(tag), x, value, wallTime),
    flush() {
      buffer.flush();
      for (const writer of writers.values()) writer.flush();
    },
    close() {
      try {
        buffer.flush();
      } finally {
        closeAll();
      }
    },
  };
}
