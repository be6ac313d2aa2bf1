/** Where a point belongs: a tag in one of the run's folders. `id` tells targets apart. */
export interface Target {
  readonly id: string;
  readonly folder: string;
  readonly tag: string;
}

/** Holds the points of one x. */
export interface PointBuffer {
  add(target: Target, x: number, value: number, wallTime: number): void;
  /** Hands on what is held. A later point for the same target and x is dropped: the x is settled. */
  flush(): void;
}

/**
 * Hands on at most one point for each target and x, the latest: TensorBoard would show all of them, or the last,
 * depending on how it loads. Points are therefore held until x moves on.
 */
export function createPointBuffer(
  write: (target: Target, x: number, value: number, wallTime: number) => void,
): PointBuffer {
  const points = new Map<string, { target: Target; value: number; wallTime: number; written: boolean }>();
  let current = 0;

  function flush(): void {
    for (const point of points.values()) {
      if (point.written) continue;
      // First: a write that fails may have been half done, and must not be done again.
      point.written = true;
      write(point.target, current, point.value, point.wallTime);
    }
  }

  return {
    add(target, x, value, wallTime) {
      if (x !== current) {
        flush();
        points.clear();
        current = x;
      }
      const point = points.get(target.id);
      if (point === undefined) points.set(target.id, { target, value, wallTime, written: false });
      else Object.assign(point, { value, wallTime });
    },
    flush,
  };
}
