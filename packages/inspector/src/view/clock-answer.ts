import { CLOCKS, type ClockTable } from '../runs/clock-table.js';
import type { ClockAnswer } from './protocol.js';

/** Where training stood at a row. */
export function clockAnswer(clocks: ClockTable, row: number): ClockAnswer {
  const known = CLOCKS.map((clock) => [clock, clocks.at(clock, row)] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** Where training stands: the latest that any row says of each clock. */
export function lastClocks(clocks: ClockTable): ClockAnswer {
  const last: Record<string, number> = {};
  for (const clock of CLOCKS) {
    for (let row = clocks.length - 1; row >= Math.max(0, clocks.length - 100); row--) {
      const value = clocks.at(clock, row);
      if (value === undefined) continue;
      last[clock] = value;
      break;
    }
  }
  return last;
}
