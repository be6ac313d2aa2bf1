import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { WandbSettings } from '../settings/settings.js';
import { untilRunFree } from '../upload/run-users.js';
import { readServerRun } from '../upload/server-run.js';
import { decideResume } from './decide-resume.js';

/**
 * The run as it begins where the server may have it already: behind its last row, with its config, summary and tags where
 * this process says nothing else; when nobody uploads it any more. Rejects as `untilRunFree`, `readServerRun` and `decideResume`
 * do.
 */
export async function resumeRun(
  settings: WandbSettings,
  description: RunDescription,
  onNotice: (notice: LoggerNotice) => void,
): Promise<RunDescription> {
  const { resume, baseUrl, mode, transport, dir } = settings;
  // What an earlier process of the run left to be uploaded is uploaded now, and counts.
  if (mode === 'online' && transport === 'log') {
    await untilRunFree(join(dir, 'wandb'), description.id, { onNotice });
  }
  if (resume === undefined) return description;
  const { id, entity, project } = description;
  const found = await readServerRun({
    baseUrl,
    apiKey: settings.key()!,
    entity,
    project,
    runId: id,
    onNotice,
  });
  const { resumed, startingStep, config, summary, startRuntime, tags, notes, displayName } = decideResume(
    resume,
    id,
    found,
  );
  if (!resumed) return description;
  return {
    ...description,
    entity: found!.entity,
    project: found!.project,
    name: description.name ?? displayName,
    notes: description.notes ?? notes,
    tags: description.tags.length > 0 ? description.tags : tags,
    config: { ...config, ...description.config },
    summary,
    resumed,
    startingStep,
    runtime: startRuntime,
  };
}
