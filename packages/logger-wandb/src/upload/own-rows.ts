import { isDeepStrictEqual } from 'node:util';
import { decodeRecord } from '../log/read-log.js';
import { type JsonValue, parseValueJson } from '../log/value-json.js';
import { openLogTail } from './log-tail.js';
import type { ServerApi } from './server-api.js';
import { lastOf } from './server-run.js';
import { historyLine, isSendable } from './stream-lines.js';

/**
 * Whether the last of a run's rows on the server is the row of a log that has the number `index`, from 0: then it has all
 * rows up to this one from the log. Nothing where the server does not show its last row. Throws as `Requester.send` does.
 */
export async function isLastRowOf(
  logPath: string,
  index: number,
  server: {
    readonly api: ServerApi;
    readonly place: { readonly entity: string; readonly project: string; readonly runId: string };
  },
): Promise<boolean | undefined> {
  const found = await server.api.runToResume(server.place, { maxRetries: MAX_RETRIES });
  const last = lastOf(found?.bucket.historyTail);
  if (Object.keys(last).length === 0) return undefined;
  const line = await rowLine(logPath, index);
  return line !== undefined && isSameRow(last, parseValueJson(line) as Row);
}

type Row = Readonly<Record<string, JsonValue>>;

const MAX_RETRIES = 6;

/** The line of the row that has this number in the log; nothing where the log has fewer. */
async function rowLine(logPath: string, index: number): Promise<string | undefined> {
  const tail = await openLogTail(logPath, () => {});
  try {
    let rows = 0;
    for (let found = await tail.next(); found !== undefined; found = await tail.next()) {
      const record = decodeRecord(found);
      if (record.type !== 'history') continue;
      const line = historyLine(record.content);
      if (isSendable(line) && rows++ === index) return line;
    }
    return undefined;
  } finally {
    await tail.close();
  }
}

/** A server may write numbers in its own way, but no two rows of a run have both their step and their time in common. */
function isSameRow(a: Row, b: Row): boolean {
  const hasClocks = typeof a._step === 'number' && typeof a._timestamp === 'number';
  return isDeepStrictEqual(a, b) || (hasClocks && a._step === b._step && a._timestamp === b._timestamp);
}
