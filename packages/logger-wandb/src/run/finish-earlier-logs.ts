import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { WandbSettings } from '../settings/settings.js';
import { runFoldersOf } from '../upload/run-users.js';
import { lockUpload } from '../upload/upload-lock.js';
import { uploadRun } from '../upload/upload-run.js';

/** All of them together: whoever opens a logger waits for it. */
const LIMIT_MS = 15_000;

/**
 * Brings to the server what killed processes of an online run left in their logs, because their uploaders were killed as
 * well: the rows to come belong behind it. What can't be sent now stays where it is, which is told.
 */
export async function finishEarlierLogs(
  { dir, baseUrl, key }: Pick<WandbSettings, 'dir' | 'baseUrl' | 'key'>,
  { id }: RunDescription,
  onNotice: (notice: LoggerNotice) => void,
): Promise<void> {
  const parent = join(dir, 'wandb');
  const signal = AbortSignal.timeout(LIMIT_MS);
  const folders = runFoldersOf(parent, id).filter((name) => name.startsWith('run-'));
  for (const folder of folders.sort().map((name) => join(parent, name))) {
    const logPath = join(folder, `run-${id}.wandb`);
    if (!existsSync(logPath) || existsSync(`${logPath}.synced`)) continue;
    const problem = await upload(logPath);
    if (problem === undefined) continue;
    const message = `rows of ${folder} are not on the server: ${problem}; syncRun() of that folder adds them behind those to come`;
    onNotice({ level: 'warn', code: 'earlier-rows-unsent', message });
  }

  async function upload(logPath: string): Promise<string | undefined> {
    try {
      const lock = await lockUpload(logPath);
      try {
        const { outcome, error } = await uploadRun({ logPath, baseUrl, apiKey: key()!, signal, onNotice });
        if (outcome === 'failed') return error?.message ?? outcome;
        return outcome === 'aborted' ? `no end within ${LIMIT_MS / 1000} s` : undefined;
      } finally {
        lock.release();
      }
    } catch (error) {
      return (error as Error).message;
    }
  }
}
