import type { LoggerNotice } from '@microbatch/core/logger';
import type { LogDamage, LogPayload } from '../log/chunk-reader.js';
import { decodeRecord } from '../log/read-log.js';
import { createHistoryLines } from './history-lines.js';
import { openLogTail } from './log-tail.js';
import type { PendingPosts } from './pending-posts.js';

/** Moves a log's records into what is to be posted. */
export interface LogFeed {
  /** Reads until nothing more is there, or nothing more should be put in. */
  fill(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An exit record ends the log; where nobody writes it any more, its last whole record does. `logEnded` aborts when that is
 * so; where it is absent, nobody writes.
 */
export async function openLogFeed(
  logPath: string,
  pending: PendingPosts,
  options: { readonly logEnded: AbortSignal | undefined; readonly onNotice: (notice: LoggerNotice) => void },
): Promise<LogFeed> {
  function tell({ offset, reason }: LogDamage): void {
    const message = `${logPath} can't be read at byte ${offset} (${reason}): the records there are not uploaded`;
    options.onNotice({ level: 'warn', code: 'log-damaged', message });
  }

  const tail = await openLogTail(logPath, tell);
  const rows = createHistoryLines();

  function take(found: LogPayload): void {
    const line = rows.lineOf(found.payload);
    if (line !== undefined) {
      pending.addRow(line);
      return;
    }
    const record = decodeRecord(found);
    if (record.type === 'history') rows.learn(record.content);
    pending.apply(record);
  }

  return {
    async fill() {
      while (pending.exitCode === undefined && !pending.full) {
        // Asked before the file is: what is written between the two is read by the next call.
        const isWhole = options.logEnded?.aborted ?? true;
        const found = await tail.next();
        if (found === undefined) {
          if (!isWhole) return;
          const rest = tail.rest();
          if (rest !== undefined) tell(rest);
          pending.endWithoutExit();
          return;
        }
        try {
          take(found);
        } catch (error) {
          tell({ offset: found.offset, reason: `the record is no message: ${(error as Error).message}` });
        }
      }
    },
    close: tail.close,
  };
}
