import { basename, dirname, join } from 'node:path';
import { assertOptions, LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { type JournalEnd, type JournalReader, type ReadJournalOptions, readJournal } from './read-journal.js';

interface Part extends ReadJournalOptions {
  readonly path: string;
}

/** How the journals of a run are read. */
export type ReadWholeJournalOptions = Pick<ReadJournalOptions, 'onDamage'>;

/**
 * Reads the whole of a run that went on from checkpoints, as one stream without gap or overlap. `path` is the journal of
 * the part that was written last; each names the one before it, which is looked for in the same folder. Iterating rejects
 * as of `readJournal`, and with a `LoggerError` (`damaged-line`) where journals name each other in a circle, or what lies
 * in another folder.
 */
export function readWholeJournal(path: string, options: ReadWholeJournalOptions = {}): JournalReader {
  assertOptions('readWholeJournal', options, ['onDamage']);
  let end: JournalEnd | undefined;

  async function* events(): AsyncGenerator<TrainEvent> {
    const parts = await partsOf(path);
    let count = 0;
    for (const [at, { path, ...cut }] of parts.entries()) {
      const reader = readJournal(path, { ...options, ...cut });
      for await (const event of reader) {
        if (at > 0 && event.type === 'run-start') continue;
        count += 1;
        yield event;
      }
      end = Object.freeze({ ...reader.end!, events: count });
    }
  }

  return {
    header: async () => readJournal((await partsOf(path))[0]!.path).header(),
    get end() {
      return end;
    },
    [Symbol.asyncIterator]: events,
  };
}

/** The journals of a run, the first one first, each as far as the next one goes on with it. */
async function partsOf(path: string): Promise<readonly Part[]> {
  const parts: Part[] = [{ path }];
  for (;;) {
    const [first] = parts as [Part];
    const { resumes } = await readJournal(first.path).header();
    if (resumes === undefined) return parts;
    const { file, offset } = resumes;
    // A journal may come from elsewhere, and must not name files of other folders.
    if (typeof file !== 'string' || basename(file) !== file || !Number.isSafeInteger(offset)) {
      throw damaged(first, `${JSON.stringify(resumes)}, which is no place in a file beside it`);
    }
    const before = join(dirname(path), file);
    if (parts.some((part) => part.path === before) || before === join(path)) {
      throw damaged(first, `${before}, which goes on with it`);
    }
    parts.unshift({ path: before, until: offset });
  }
}

function damaged({ path }: Part, goesOnWith: string): LoggerError {
  return new LoggerError('journal', 'damaged-line', `${path}: its header goes on with ${goesOnWith}`);
}
