import { stat } from 'node:fs/promises';
import { LoggerError } from '@microbatch/core/logger';
import { readJournal } from '@microbatch/logger-journal';
import type { Reporter } from '../finding.js';
import { createEventsAudit, type PartContext } from './events-audit.js';
import { hasFirstLine } from './has-first-line.js';
import { findJoint } from './journal-joint.js';
import type { JournalPart } from './journal-part.js';
import { peekJournal } from './peek-journal.js';
import { forEachBefore } from './replay-events.js';

/** What is known of a journal before it is read: the journals of its run that were. */
export interface JournalContext extends Pick<PartContext, 'earlierPart' | 'isGoneOnWith'> {
  readonly parts: readonly JournalPart[];
}

/** Reads a journal and checks it by itself, behind those that it goes on with; nothing where it holds no run. */
export async function auditJournal(
  path: string,
  report: Reporter,
  context: JournalContext,
): Promise<JournalPart | undefined> {
  try {
    const sizeBefore = (await stat(path)).size;
    if (sizeBefore === 0) {
      report.fault('empty-file', { expected: 'a journal', found: 'nothing', message: 'is empty' });
      return undefined;
    }
    if (!(await hasFirstLine(path))) {
      const message = 'no journal: its beginning has no end of a line';
      report.fault('not-a-journal', {
        at: { byte: 0 },
        expected: "a journal's header",
        found: 'something else',
        message,
      });
      return undefined;
    }
    return await audit(path, sizeBefore, report, context);
  } catch (error) {
    if (!(error instanceof LoggerError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    const { code, message } = error as Error & { code: string };
    report.fault(error instanceof LoggerError && code !== 'read-failed' ? code : 'unreadable', { message });
    return undefined;
  }
}

async function audit(
  path: string,
  sizeBefore: number,
  report: Reporter,
  { parts, ...context }: JournalContext,
): Promise<JournalPart | undefined> {
  let isDamaged = false;
  const reader = readJournal(path, {
    onDamage({ message }) {
      isDamaged = true;
      reportDamage(message, report);
    },
  });
  const { resumes, run } = (await peekJournal(path)) ?? {};
  const before = resumes === undefined ? undefined : await findJoint(path, resumes, parts, report);
  const events = createEventsAudit(path, report, { ...context, resumes, before });
  if (run !== undefined) await forEachBefore({ before, run }, { take: events.prepare });
  try {
    for await (const event of reader) events.take(event);
  } catch (error) {
    if (!(error instanceof LoggerError) || error.code !== 'read-failed') throw error;
    // What was read until then is checked all the same.
    report.fault('unreadable', { message: error.message });
    return events.end(true);
  }
  const end = reader.end!;
  const isGrowing = (await stat(path)).size > sizeBefore;
  if (end.reason === 'torn-line') {
    const { offset } = end;
    const message = isGrowing
      ? `it is being written: its last line is not whole yet`
      : `torn: the last line, at byte ${offset}, is not whole`;
    const told = { at: { byte: offset }, expected: 'a whole line', found: 'half a line', message };
    if (isGrowing) report.note('growing', told);
    else report.fault('torn-file', told);
  }
  const part = events.end(false);
  return part && { ...part, isWhole: part.isWhole && !isDamaged };
}

function reportDamage(message: string, report: Reporter): void {
  const [, line] = /: line (\d+) can't be read/.exec(message) ?? [];
  report.fault('damaged-line', { ...(line === undefined ? {} : { at: { line: Number(line) } }), message });
}
