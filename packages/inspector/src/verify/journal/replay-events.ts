import { LoggerError, type RunStartEvent, type TrainEvent } from '@microbatch/core/logger';
import { readJournal } from '@microbatch/logger-journal';
import type { JournalPart } from './journal-part.js';

/** Who gets a journal's events. */
export interface EventTaker {
  /** `isLate`: its line stands behind those of later ones. `isOwn`: it is of this journal, not of one before it. */
  take(event: TrainEvent, isLate: boolean, isOwn: boolean): void;
  /** The run goes on here, in another process. */
  resume?(start: RunStartEvent): void;
}

/**
 * Hands out a journal's events once more, each once: of a repeated one, the first. Those of the journals that it goes on with
 * come before, as far as they count, so that the run begins with its beginning. Where one can't be read any more, which its audit
 * has told or which has come since, that is all of it.
 */
export async function forEachEvent(part: JournalPart, taker: EventTaker): Promise<void> {
  await forEachBefore(part, taker);
  await forEachOwn(part, ({ event, isLate }) => {
    if (event.type === 'run-start' && part.before !== undefined) taker.resume?.(event);
    else taker.take(event, isLate, true);
    return true;
  });
}

/** The same of the journals before alone. */
export async function forEachBefore(
  { before, run }: Pick<JournalPart, 'before' | 'run'>,
  { take, resume }: EventTaker,
): Promise<void> {
  if (before === undefined) return;
  const { part, until } = before;
  await forEachBefore(part, { take, ...(resume && { resume }) });
  const isFirst = part.before === undefined;
  const last = run.resumedAt ?? { microStep: 0, step: 0 };
  await forEachOwn(
    part,
    ({ event, isLate }) => {
      if (until === undefined && isBehind(event, last)) return false;
      if (event.type !== 'run-start' || isFirst) take(event, isLate, false);
      else resume?.(event);
      return true;
    },
    until,
  );
}

function isBehind(
  event: TrainEvent,
  { microStep, step }: { readonly microStep: number; readonly step: number },
): boolean {
  return event.microStep > microStep || event.step > step || event.type === 'run-end';
}

/** As long as `take` returns true. */
async function forEachOwn(
  { path, repeated, late }: JournalPart,
  take: (taken: { readonly event: TrainEvent; readonly isLate: boolean }) => boolean,
  until?: number,
): Promise<void> {
  let ordinal = -1;
  try {
    for await (const event of readJournal(path, { onDamage() {}, ...(until === undefined ? {} : { until }) })) {
      ordinal += 1;
      if (!repeated.has(ordinal) && !take({ event, isLate: late.has(ordinal) })) return;
    }
  } catch (error) {
    if (!(error instanceof LoggerError)) throw error;
  }
}
