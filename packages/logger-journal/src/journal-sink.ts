import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { inspect } from 'node:util';
import { eventToJson, LoggerError, type RunInfo, type Sink, type TrainEvent } from '@microbatch/core/logger';
import { assertFileName, createNextFree, JOURNAL_SUFFIX } from './create-next-free.js';
import { type JournalPlace, journalHeader } from './journal-header.js';
import { type LineFile, lineFile } from './line-file.js';

/** Where a journal is written. */
export interface JournalOptions {
  /** The folder of the journals; made where it is missing. */
  readonly dir: string;
  /** The file's name; the run's id and `.microbatch.jsonl` by default. Where it is taken, `-2`, `-3` … is added. */
  readonly fileName?: string;
}

/** A sink that writes a journal. */
export interface JournalSink extends Sink {
  /** The file of the latest run; absent before the first. */
  readonly path: string | undefined;
}

const OPTION_NAMES = new Set<string>(Object.keys({ dir: 0, fileName: 0 } satisfies Record<keyof JournalOptions, 0>));

/**
 * Writes each event as a line of JSON, one file a run (docs/journal.md has the format), and never over a file that is
 * there. What a killed process leaves lacks at most its last 250 ms. Throws a `TypeError` for options that are wrong.
 */
export function journalSink(options: JournalOptions): JournalSink {
  for (const [name, value] of Object.entries(options)) {
    if (!OPTION_NAMES.has(name)) throw new TypeError(`journal: there is no option ${name}, given ${inspect(value)}`);
  }
  const { dir, fileName } = options;
  if (typeof dir !== 'string' || dir === '')
    throw new TypeError(`dir must be a folder's path, not ${JSON.stringify(dir)}`);
  if (fileName !== undefined) assertFileName('fileName', fileName);
  let path: string | undefined;
  let file: LineFile | undefined;

  function attempt<T>(code: string, what: string, action: () => T): T {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof TypeError) throw cause;
      throw new LoggerError('journal', code, `journal: cannot ${what}: ${(cause as Error).message}`, { cause });
    }
  }

  function open(run: RunInfo, resumes: JournalPlace | undefined): void {
    if (file !== undefined) throw new LoggerError('journal', 'in-use', `journal: ${path} is still open`);
    const name = fileName ?? `${run.id}${JOURNAL_SUFFIX}`;
    assertFileName('run id', name);
    attempt('open-failed', `create a journal in ${dir}`, () => {
      const created = createNextFree(dir, name);
      const begun = lineFile(created.fd);
      try {
        begun.append(`${JSON.stringify(journalHeader(run, resumes))}\n`);
      } catch (error) {
        begun.close();
        rmSync(created.path);
        throw error;
      }
      path = created.path;
      file = begun;
    });
  }

  function write(events: readonly TrainEvent[]): void {
    const open = file;
    if (open === undefined) throw new LoggerError('journal', 'not-open', 'journal: write() needs an open run');
    // All of them before the first is appended: an event that JSON has no form for must not leave half a batch.
    let lines = '';
    for (const event of events) lines += `${JSON.stringify(eventToJson(event))}\n`;
    attempt('write-failed', `write ${path}`, () => open.append(lines));
  }

  function close(): void {
    const closing = file;
    file = undefined;
    attempt('close-failed', `finish ${path}`, () => closing?.close());
  }

  return {
    name: 'journal',
    supports: { scalars: true, histograms: true, images: true, text: true, tables: true },
    get path() {
      return path;
    },
    open: (run, _notify, state) => open(run, state as JournalPlace | undefined),
    write,
    flush: () => attempt('flush-failed', `flush ${path}`, () => void file?.sync()),
    checkpoint() {
      const offset = attempt('flush-failed', `flush ${path}`, () => file?.sync());
      return offset === undefined ? undefined : { file: basename(path!), offset };
    },
    close,
    exitSync() {
      try {
        close();
      } catch {
        // The process is going: nobody is left to tell.
      }
    },
  };
}
