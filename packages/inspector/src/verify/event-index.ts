import type { Clocks, StepAxis } from '@microbatch/core/logger';
import { type Column, createColumn } from './column.js';

/** When each event of a run was, on every clock: what tells which run a file belongs to, and which clock its x is. */
export interface EventIndex {
  readonly size: number;
  add(clocks: Pick<Clocks, 'microStep' | 'step' | 'samples' | 'time'>): void;
  /** Whether an event was at `x` on that clock and at that time, in ms since 1970. */
  has(axis: StepAxis, x: number, timeMs: number): boolean;
  /** Whether an event was at `x` on that clock. */
  hasX(axis: StepAxis, x: number): boolean;
}

/** Files keep times as seconds in 64 bits: 0.2 µs. */
const SLACK_MS = 0.01;

export function createEventIndex(): EventIndex {
  const time = createColumn();
  const clocks: Record<StepAxis, Column> = {
    micro: createColumn(),
    accumulated: createColumn(),
    samples: createColumn(),
  };

  return {
    get size() {
      return time.length;
    },
    add(event) {
      time.push(event.time);
      clocks.micro.push(event.microStep);
      clocks.accumulated.push(event.step);
      clocks.samples.push(event.samples);
    },
    has(axis, x, timeMs) {
      for (let at = firstFrom(time, timeMs - SLACK_MS); time.at(at) <= timeMs + SLACK_MS; at += 1) {
        if (clocks[axis].at(at) === x) return true;
      }
      return false;
    },
    hasX: (axis, x) => clocks[axis].at(firstFrom(clocks[axis], x)) === x,
  };
}

/** The first place of a rising column whose value is `least` or more. */
function firstFrom(column: Column, least: number): number {
  let [from, to] = [0, column.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (column.at(middle) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
