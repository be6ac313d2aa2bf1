import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readUploadState, saveUploadState, type UploadState } from './upload-state.js';

/**
 * Notes beside a log that another process went on with its run, and how many of its rows came before that one's, where the
 * other's log is on this machine. Never throws.
 */
export async function saveContinued(logPath: string, state: UploadState): Promise<void> {
  const end = await startOfNext(logPath, state);
  const rows = end === undefined ? {} : { history: end - state.base.history };
  const known = { sent: { ...state.sent, ...rows }, acknowledged: { ...state.acknowledged, ...rows } };
  try {
    await saveUploadState(logPath, { ...state, ...known, continued: true }, true);
  } catch {
    // It is found out again by the next upload.
  }
}

/** How many rows the server had when the next part of the run began: another log of it, in a folder beside this one's. */
async function startOfNext(logPath: string, state: UploadState): Promise<number | undefined> {
  const { base, acknowledged } = state;
  const parent = dirname(dirname(logPath));
  const starts: number[] = [];
  for (const folder of readdirSync(parent)) {
    const path = join(parent, folder, basename(logPath));
    if (path === logPath) continue;
    // What can't be read says nothing.
    const other = await readUploadState(path).catch(() => undefined);
    const isNext = other?.runId === state.runId && other.project === state.project && other.baseUrl === state.baseUrl;
    if (isNext && other.base.history >= base.history + acknowledged.history) starts.push(other.base.history);
  }
  return starts.length === 0 ? undefined : Math.min(...starts);
}
