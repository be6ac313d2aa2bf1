import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { JournalHeader } from '@microbatch/logger-journal';
import type { Reporter } from '../finding.js';
import type { JournalJoint, JournalPart } from './journal-part.js';

/** The journal that a header says it goes on with; undefined where that is not among `parts`. */
export async function findJoint(
  path: string,
  resumes: NonNullable<JournalHeader['resumes']>,
  parts: readonly JournalPart[],
  report: Reporter,
): Promise<JournalJoint | undefined> {
  const { file, offset } = resumes;
  if (typeof file !== 'string' || basename(file) !== file || !Number.isSafeInteger(offset)) {
    const message = `goes on with ${JSON.stringify(resumes)}, which is no place in a file beside it`;
    report.fault('wrong-joint', { at: { line: 1 }, key: 'resumes', expected: 'a file and a place in it', message });
    return undefined;
  }
  const before = resolve(dirname(path), file);
  const part = parts.find((other) => resolve(other.path) === before);
  if (part === undefined) return undefined;
  // Whoever changed a line may have moved the place that the header names.
  if (!part.isWhole) return { part, until: undefined };
  if (await endsLine(before, offset)) return { part, until: offset };
  const message = `goes on behind byte ${offset} of ${join(dirname(path), file)}, where no line ends`;
  report.fault('wrong-joint', { at: { line: 1 }, key: 'resumes', expected: 'the end of a line', message });
  return { part, until: undefined };
}

const NEWLINE = 10;

async function endsLine(path: string, offset: number): Promise<boolean> {
  if (offset < 1) return false;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, offset - 1);
    return bytesRead === 1 && buffer[0] === NEWLINE;
  } finally {
    await file.close();
  }
}
