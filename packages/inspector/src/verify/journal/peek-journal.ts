import type { RunInfo } from '@microbatch/core/logger';
import { type JournalHeader, readJournal } from '@microbatch/logger-journal';
import { hasFirstLine } from './has-first-line.js';

/** What a journal begins with. */
export interface JournalHead {
  readonly path: string;
  readonly run: RunInfo;
  readonly resumes: JournalHeader['resumes'];
  /** Of its first event, in ms since 1970: later parts of a resumed run are later. */
  readonly time: number;
}

const MOST_EVENTS = 10;

/** Reads which run a journal is of; nothing where its beginning does not say so. */
export async function peekJournal(path: string): Promise<JournalHead | undefined> {
  let events = 0;
  try {
    if (!(await hasFirstLine(path))) return undefined;
    const reader = readJournal(path, { onDamage() {} });
    // A header from elsewhere may hold anything.
    const resumes = (await reader.header()).resumes ?? undefined;
    for await (const event of reader) {
      if (event.type === 'run-start') return { path, run: event.run, resumes, time: event.time };
      events += 1;
      if (events === MOST_EVENTS) return undefined;
    }
  } catch {
    // Told of where all of it is read.
  }
  return undefined;
}
