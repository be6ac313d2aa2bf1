import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import type { LogPayload } from '../log/chunk-reader.js';
import { decodeRecord, type WandbRecord } from '../log/read-log.js';
import { makeUnique } from '../run/run-folder.js';
import { createFragmentLog, type FragmentLog } from './fragment-log.js';
import { NO_LINES } from './line-counts.js';
import { openLogTail } from './log-tail.js';
import { isLocalName } from './run-file.js';
import { historyLine, isSendable, secondsOf } from './stream-lines.js';
import { readUploadState, saveUploadState, type UploadState } from './upload-state.js';

const NOTHING_SENT: UploadState = {
  version: 1,
  baseUrl: '',
  entity: '',
  project: '',
  runId: '',
  base: NO_LINES,
  sent: NO_LINES,
  acknowledged: NO_LINES,
  files: 0,
  artifacts: 0,
  complete: false,
};

/**
 * Hands what the server has not got of an ended log over to a new `offline-run-*` folder beside the run's, with the same run
 * id, which `wandb sync` uploads: the rows of both together are the run's, each once. From then on nothing is sent from the
 * log itself. Returns the folder; nothing where the run is complete. Called again, it finishes what was begun.
 * Throws a `LoggerError`: `fragment-ambiguous` where rows are on their way of which nobody knows whether they arrived (an
 * upload that is started again finds out), `no-run` where the log holds no run; or the file system's error.
 */
export async function writeFragment(logPath: string): Promise<string | undefined> {
  const state = (await readUploadState(logPath)) ?? NOTHING_SENT;
  if (state.complete) return undefined;
  let name = state.handedOver;
  if (name === undefined) {
    if (state.sent.history !== state.acknowledged.history) throw ambiguous(logPath, state);
    name = await copyRest(logPath, state);
    await saveUploadState(logPath, { ...state, handedOver: name }, true);
  }
  const folder = join(dirname(dirname(logPath)), name);
  // Only now gets the new folder a log: until the state says that rows are handed over, they must not be there twice.
  const [part, fragmentLog] = [join(folder, PART), join(folder, basename(logPath))];
  if (existsSync(part)) {
    // Behind another process's rows, it begins where the server says then.
    if (state.runId !== '' && !state.continued) await saveUploadState(fragmentLog, fragmentState(state), true);
    await rename(part, fragmentLog);
  }
  // A log in an `offline-run-*` folder would be taken by `wandb sync`, too.
  await writeFile(`${logPath}.synced`, '');
  return folder;
}

function ambiguous(logPath: string, { sent, acknowledged, continued }: UploadState): LoggerError {
  const message = continued
    ? `nobody knows which of its rows ${acknowledged.history} to ${sent.history - 1}, counted from 0, the run has, so that none is handed over`
    : 'the server may have rows that it has not acknowledged: upload it again, which asks it';
  return new LoggerError('wandb', 'fragment-ambiguous', `${logPath}: ${message}`);
}

const PART = 'log.part';

/**
 * Where our own upload of the fragment goes on. Rows go behind those that the server has, which is where the official client
 * puts them, too. That one begins system metrics and console output anew, so the fragment has all of them.
 */
function fragmentState({ handedOver: _, ...state }: UploadState): UploadState {
  const { base, sent, acknowledged } = state;
  return {
    ...state,
    base: { ...base, history: base.history + acknowledged.history },
    sent: { ...sent, history: 0 },
    acknowledged: { ...acknowledged, history: 0 },
  };
}

/** Writes the fragment under a name that nothing takes for a log. Returns its folder's name. */
async function copyRest(logPath: string, state: UploadState): Promise<string> {
  const runFolder = dirname(logPath);
  const early: LogPayload[] = [];
  const tail = await openLogTail(logPath, () => {});
  let fragment: { folder: string; log: FragmentLog } | undefined;
  const sentRows = state.acknowledged.history;
  let rows = 0;
  try {
    for (let found = await tail.next(); found !== undefined; found = await tail.next()) {
      const record = decodeRecord(found);
      if (fragment === undefined) {
        if (record.type !== 'run') {
          early.push({ offset: found.offset, payload: Buffer.from(found.payload) });
          continue;
        }
        const run = { id: record.content.runId as string, startedAt: secondsOf(record.content.startTime) * 1000 };
        const folder = makeUnique(dirname(runFolder), run, 'offline-run');
        await mkdir(join(folder, 'files'));
        fragment = { folder, log: createFragmentLog(join(folder, PART)) };
        for (const { payload } of early) fragment.log.copy(payload);
      }
      const isSent = record.type === 'history' && isSendable(historyLine(record.content)) && rows++ < sentRows;
      if (!isSent) fragment.log.copy(found.payload);
      if (record.type === 'files') await linkFiles(record, runFolder, fragment.folder);
    }
    if (fragment === undefined) throw new LoggerError('wandb', 'no-run', `${logPath} holds no run record`);
    fragment.log.sync();
    return basename(fragment.folder);
  } finally {
    fragment?.log.close();
    await tail.close();
  }
}

async function linkFiles({ content }: WandbRecord, from: string, to: string): Promise<void> {
  for (const { path = '' } of (content.files ?? []) as { path?: string }[]) {
    const [source, target] = [join(from, 'files', path), join(to, 'files', path)];
    if (!isLocalName(path) || !existsSync(source) || existsSync(target)) continue;
    await mkdir(dirname(target), { recursive: true });
    try {
      await link(source, target);
    } catch {
      // Not every file system has links.
      await copyFile(source, target);
    }
  }
}
