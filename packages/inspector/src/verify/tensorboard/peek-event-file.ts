import { dirname } from 'node:path';
import { readEvents } from 'tensorboard-writer';

/** What the first points of an event file show: enough to tell which run's they are, and how they were made. */
export interface EventFileHead {
  readonly path: string;
  readonly folder: string;
  readonly points: readonly HeadPoint[];
  readonly tags: ReadonlySet<string>;
}

export interface HeadPoint {
  readonly tag: string;
  readonly x: number;
  /** ms since 1970. */
  readonly timeMs: number;
}

const MOST_POINTS = 1000;

/** Reads a file's first points; none where it can't be read, which reading the whole tells of. */
export async function peekEventFile(path: string): Promise<EventFileHead> {
  const points: HeadPoint[] = [];
  try {
    for await (const event of readEvents(path)) {
      if (event.kind !== 'summary') continue;
      const [x, timeMs] = [Number(event.step), event.wallTime * 1000];
      for (const { tag, kind } of event.values)
        if (kind !== 'tensor' && kind !== 'other') points.push({ tag, x, timeMs });
      if (points.length >= MOST_POINTS) break;
    }
  } catch {
    // Told of where all of it is read.
  }
  return { path, folder: dirname(path), points, tags: new Set(points.map(({ tag }) => tag)) };
}
