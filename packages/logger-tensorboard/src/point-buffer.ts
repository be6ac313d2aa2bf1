import type { LogValue } from '@microbatch/core/logger';
import type { ValueKind } from './write-value.js';

/** Where a point belongs: a tag in one of the run's folders. `id` tells targets apart. */
export interface Target {
  readonly id: string;
  readonly folder: string;
  readonly tag: string;
  /** What its first value was: TensorBoard shows a tag in one plugin only. */
  kind: ValueKind | undefined;
}

/** Takes one point; `x` only rises. */
export type PutPoint = (target: Target, x: number, value: LogValue, wallTime: number) => void;

/** Holds the points of one x. */
export interface PointBuffer {
  /** Takes a point of a batch, for `settle`. It wins over a held one, and the latest over those of the same batch. */
  readonly stage: PutPoint;
  /** Hands on the points of the batch. */
  settle(): void;
  /** Keeps a point until x moves on, the latest for each target. */
  readonly hold: PutPoint;
  /** Hands on what is held. A later point for the same target and x is dropped: it is settled. */
  flush(): void;
}

/** A target's latest point. */
interface Point {
  readonly target: Target;
  x: number;
  /** Where the value is one. A field that holds nothing else costs no memory for each new number. */
  number: number;
  /** Any other value. */
  other: Exclude<LogValue, number> | undefined;
  wallTime: number;
  isWritten: boolean;
}

/**
 * Hands on at most one point for each target and x: TensorBoard would show all of them, or the last, depending on how it
 * loads. A batch comes once for each x, so its points needn't wait; what may come again for the same x must.
 */
export function createPointBuffer(write: PutPoint): PointBuffer {
  // They stay, one for each target: a new one for each x would be most of what a batch allocates.
  const latest = new Map<string, Point>();
  /** Those of the current x. */
  const points: Point[] = [];
  const staged: Point[] = [];
  let current = 0;

  function writePoints(all: readonly Point[]): void {
    for (const point of all) {
      if (point.isWritten) continue;
      const value = point.other === undefined ? point.number : point.other;
      // First: a write that fails may have been half done, and must not be done again.
      point.isWritten = true;
      // The point stays, its picture must not.
      point.other = undefined;
      write(point.target, point.x, value, point.wallTime);
    }
  }

  function flush(): void {
    writePoints(points);
  }

  function pointOf(target: Target): Point {
    let point = latest.get(target.id);
    if (point === undefined) {
      point = { target, x: Number.NaN, number: 0, other: undefined, wallTime: 0, isWritten: false };
      latest.set(target.id, point);
    }
    return point;
  }

  /** The target's point at `x`; nothing where that is settled. */
  function open(target: Target, x: number, value: LogValue, wallTime: number): Point | undefined {
    if (x !== current) {
      flush();
      points.length = 0;
      current = x;
    }
    const point = pointOf(target);
    if (point.x !== x) {
      point.x = x;
      point.isWritten = false;
      points.push(point);
    } else if (point.isWritten) {
      return undefined;
    }
    if (typeof value === 'number') {
      point.number = value;
      point.other = undefined;
    } else {
      point.other = value;
    }
    point.wallTime = wallTime;
    return point;
  }

  return {
    stage(target, x, value, wallTime) {
      const point = open(target, x, value, wallTime);
      if (point !== undefined) staged.push(point);
    },
    settle() {
      try {
        writePoints(staged);
      } finally {
        staged.length = 0;
      }
    },
    hold: open,
    flush,
  };
}
