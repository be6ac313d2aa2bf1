import { join } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { WandbSettings } from '../settings/settings.js';
import { assertRunFree } from '../upload/run-users.js';

type Run = Pick<RunDescription, 'id' | 'entity' | 'project'>;

/** The runs that this process has online, wherever their folders are. */
const online = new Set<string>();

/**
 * Throws a `LoggerError` (`run-in-use`) where the run is online already: by this process, or by one that keeps its runs in
 * the same folder. Both would send their rows to the same lines.
 */
export function assertNotOnline({ baseUrl, dir }: WandbSettings, run: Run): void {
  if (online.has(keyOf(baseUrl, run))) {
    const message = `the run ${run.id} is online in this process already: use another id, or mode 'offline'`;
    throw new LoggerError('wandb', 'run-in-use', message);
  }
  assertRunFree(join(dir, 'wandb'), run.id);
}

/** Notes that a run is online in this process. Returns what ends that. */
export function noteOnline({ baseUrl }: WandbSettings, run: Run): () => void {
  const key = keyOf(baseUrl, run);
  online.add(key);
  return () => void online.delete(key);
}

function keyOf(baseUrl: string, { id, entity = '', project = '' }: Run): string {
  return JSON.stringify([baseUrl, entity, project, id]);
}
