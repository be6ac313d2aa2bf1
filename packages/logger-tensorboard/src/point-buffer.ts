import type { LogValue } from '@microbatch/core/logger';
import type { ValueKind } from './write-value.js';

/** Where a point belongs: a tag in one of the run's folders. `id` tells targets apart. */
export interface Target {
  readonly id: string;
  /** The tag before any layout. */
  readonly name: string;
  readonly folder: string;
  readonly tag: string;
  /** What its first value was: TensorBoard shows a tag in one plugin only. */
  kind: ValueKind | undefined;
}

/** Takes one point; `x` only rises. */
export type PutPoint = (target: Target, x: number, value: LogValue, wallTime: number) => void;

/** A point of the latest x, as it was taken. */
export interface KeptPoint {
  readonly name: string;
  readonly value: LogValue;
  readonly wallTime: number;
  readonly isWritten: boolean;
}

/** The points of the latest x. */
export interface KeptPoints {
  readonly x: number;
  readonly points: readonly KeptPoint[];
}

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
  /** What is held, and what of the same x is written; but for written values that are no numbers, which are let go of. */
  kept(): KeptPoints;
  /** Takes over, in a new buffer, what another one kept: writes what that one had written, and holds the rest. */
  restore(kept: KeptPoints, targetOf: (name: string) => Target): void;
}

/** A target's latest point. */
interface Point {
  readonly target: Target;
  x: number;
  /** Where the value is one. A field that holds nothing else costs no memory for each new number. */
  number: number;
  isNumber: boolean;
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
      point = { target, x: Number.NaN, number: 0, isNumber: true, other: undefined, wallTime: 0, isWritten: false };
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
    point.isNumber = typeof value === 'number';
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
    kept: () => ({
      x: current,
      points: points.flatMap(({ target, number, isNumber, other, wallTime, isWritten }) => {
        const value = isNumber ? number : other;
        return value === undefined ? [] : [{ name: target.name, value, wallTime, isWritten }];
      }),
    }),
    restore(kept, targetOf) {
      current = kept.x;
      for (const { name, value, wallTime, isWritten } of kept.points) {
        const point = open(targetOf(name), kept.x, value, wallTime);
        if (isWritten && point !== undefined) writePoints([point]);
      }
    },
  };
}
