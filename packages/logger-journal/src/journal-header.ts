import { LoggerError, type RunInfo } from '@microbatch/core/logger';

const FORMAT = 'microbatch-journal';
const SCHEMA = 1;

/** The first line of a journal. */
export interface JournalHeader {
  readonly schema: 1;
  readonly format: 'microbatch-journal';
  readonly runId: string;
  /** ms since 1970. */
  readonly startedAt: number;
  /** Of a run that goes on from a checkpoint: where the run was when that was taken. */
  readonly resumes?: JournalPlace;
}

/** A place in a journal. */
export interface JournalPlace {
  /** The file's name, without its folder. */
  readonly file: string;
  /** Bytes from the file's beginning to the end of a line. */
  readonly offset: number;
}

/** The header of a run's journal. */
export function journalHeader(run: RunInfo, resumes: JournalPlace | undefined): JournalHeader {
  const header = { schema: SCHEMA, format: FORMAT, runId: run.id, startedAt: run.startedAt } as const;
  return resumes === undefined ? header : { ...header, resumes };
}

const BEGINNING = '{"schema":';

/** Whether an unended first line is what a killed process, or a power failure with its zeros, leaves of a header. */
export function isTornHeader(line: string): boolean {
  const text = line.replace(/\0+$/, '');
  return BEGINNING.startsWith(text) || (text.startsWith(BEGINNING) && parseObject(line) === undefined);
}

/** What a reader of the header alone says where `isTornHeader`. */
export function tornHeader(path: string): LoggerError {
  const message = `${path} ends inside its first line: its writer has only begun, or was killed there`;
  return new LoggerError('journal', 'not-a-journal', message);
}

/**
 * Reads a journal's first line. Throws a `LoggerError`: `not-a-journal`, or `unknown-schema` where a later version wrote it.
 */
export function parseHeader(path: string, line: string): JournalHeader {
  const header = parseObject(line);
  if (header?.format !== FORMAT) {
    throw new LoggerError('journal', 'not-a-journal', `${path} is no journal: its first line is no journal's header`);
  }
  if (header.schema !== SCHEMA) {
    const schema = JSON.stringify(header.schema);
    const message = `${path} is a journal of schema ${schema}; this version reads schema ${SCHEMA}`;
    throw new LoggerError('journal', 'unknown-schema', message);
  }
  return Object.freeze(header as unknown as JournalHeader);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
