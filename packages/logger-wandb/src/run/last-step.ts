import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { headerProblem, readPayloads } from '../log/chunk-reader.js';
import { decodeRecord } from '../log/read-log.js';
import type { RunDescription } from '../log/records.js';
import type { WandbSettings } from '../settings/settings.js';
import { runFoldersOf } from '../upload/run-users.js';
import { secondsOf } from '../upload/stream-lines.js';
import type { RowsState } from './rows.js';

/**
 * The step of the last row that is written of a run that goes on from a checkpoint, -1 before the first: rows up to it are
 * trained again, bit for bit, and must not be there twice. Where no log of the run is found, they may be, which is told.
 */
export function lastStepBefore(
  { dir, mode }: Pick<WandbSettings, 'dir' | 'mode'>,
  run: RunDescription,
  rows: RowsState,
  onNotice: (notice: LoggerNotice) => void,
): number {
  if (mode === 'disabled') return -1;
  const parent = join(dir, 'wandb');
  const onDisk = lastStepOnDisk(parent, run);
  // What the server has of a run that another machine wrote.
  const onServer = run.resumed ? (run.startingStep ?? 0) - 1 : -1;
  if (Math.max(onDisk, onServer) < 0 && (rows.state === 'closed' || rows.step > 0)) {
    const message = `no log of the run ${run.id} is in ${parent}: rows that it wrote behind its checkpoint will be there twice, if they were synced`;
    onNotice({ level: 'warn', code: 'earlier-rows-unknown', message });
  }
  return Math.max(onDisk, onServer);
}

/**
 * Looks for the last row in the logs that a run left in `parent`, the folder of run folders. A run that goes on from a
 * checkpoint keeps its id and the time when it began, whichever process writes it.
 */
function lastStepOnDisk(parent: string, { id, startedAt }: RunDescription): number {
  const logs = runFoldersOf(parent, id).map((folder) => join(parent, folder, `run-${id}.wandb`));
  return Math.max(-1, ...logs.map((log) => lastStepOf(log, startedAt)));
}

const HISTORY = 0x12;

function lastStepOf(logPath: string, startedAt: number): number {
  const log = readIfThere(logPath);
  if (log === undefined || headerProblem(log) !== undefined) return -1;
  let isOurs = false;
  let last: Uint8Array | undefined;
  for (const { offset, payload } of readPayloads(log, () => {})) {
    // A row is known without decoding it, `08 varint(num) 12 …`: all but the last would be decoded in vain.
    if (payload[0] === 0x08 && payload[afterVarint(payload, 1)] === HISTORY) {
      last = payload;
    } else if (!isOurs) {
      const { type, content } = decodeRecord({ offset, payload });
      if (type !== 'run') continue;
      if (Math.abs(secondsOf(content.startTime) * 1000 - startedAt) >= 1) return -1;
      isOurs = true;
    }
  }
  if (last === undefined) return -1;
  const { step } = decodeRecord({ offset: 0, payload: last }).content as { step?: { num?: number } };
  return step?.num ?? 0;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function afterVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= 0x80) at += 1;
  return at + 1;
}
