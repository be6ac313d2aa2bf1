import type { Run } from '../runs/run.js';
import type { Window } from '../runs/window-table.js';
import { numberAnswer } from './number-answer.js';
import type { WindowAnswer, WindowsAnswer } from './protocol.js';
import { windowsOf } from './windows-of.js';

/** The windows that hold a micro-batch of `[from, to]`, where there are at most `most`. */
export function windowsAnswer(run: Run, from: number, to: number, most: number): WindowsAnswer {
  const found = windowsOf(run);
  if (found === undefined) return { count: 0, total: 0, lastMicroStep: 0, lastStep: 0, windows: [] };
  const { table } = found;
  const [first, behind] = table.between(from, to);
  const last = table.at(table.length - 1);
  const count = behind - first;
  const isSent = count <= most;
  return {
    count,
    total: table.length,
    lastMicroStep: last.lastMicroStep,
    lastStep: last.step,
    from: found.from,
    ...(count > 0 ? { ends: [windowAnswer(table.at(first)), windowAnswer(table.at(behind - 1))] as const } : {}),
    windows: isSent ? Array.from({ length: count }, (_, i) => windowAnswer(table.at(first + i))) : [],
  };
}

/** The windows that were given up, at most `most` of them. */
export function discardedAnswer(run: Run, most: number): readonly WindowAnswer[] {
  const discarded: WindowAnswer[] = [];
  const { table } = windowsOf(run) ?? {};
  for (let index = 0; index < (table?.length ?? 0) && discarded.length < most; index++) {
    const window = table!.at(index);
    if (window.discarded !== undefined) discarded.push(windowAnswer(window));
  }
  return discarded;
}

function windowAnswer({ samples, target, loss, ...window }: Window): WindowAnswer {
  return { ...window, samples: numberAnswer(samples), target: numberAnswer(target), loss: numberAnswer(loss) };
}
