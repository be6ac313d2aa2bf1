import type { LineQueue } from './line-queue.js';

/** The files of a run that grow line by line. */
export const STREAMS = ['history', 'events', 'output'] as const;

/** One of the files that grow. */
export type StreamName = (typeof STREAMS)[number];

/** A number of lines for each file. */
export type LineCounts = Readonly<Record<StreamName, number>>;

/** Where every count begins. */
export const NO_LINES: LineCounts = { history: 0, events: 0, output: 0 };

/** How many lines the log has given, or the server has. */
export function countLines(
  streams: Readonly<Record<StreamName, LineQueue>>,
  which: 'total' | 'acknowledged',
): LineCounts {
  const { history, events, output } = streams;
  return { history: history[which], events: events[which], output: output[which] };
}
