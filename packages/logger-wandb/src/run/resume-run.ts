import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { Resume } from '../settings/options.js';
import type { WandbSettings } from '../settings/settings.js';
import { untilRunFree } from '../upload/run-users.js';
import { readServerRun } from '../upload/server-run.js';
import { decideResume } from './decide-resume.js';

/** What a run does where the server may have it already. A training that goes on from a checkpoint goes on with its run. */
export function resumeModeOf({ resume, mode, transport }: WandbSettings, hasState: boolean): Resume | undefined {
  return resume ?? (hasState && mode === 'online' && transport === 'log' ? 'allow' : undefined);
}

/**
 * The run as it begins where the server may have it already: behind its last row, with its config, summary and tags where
 * this process says nothing else; when nobody uploads it any more. Rejects as `untilRunFree`, `readServerRun` and `decideResume`
 * do.
 */
export async function resumeRun(
  settings: WandbSettings,
  description: RunDescription,
  onNotice: (notice: LoggerNotice) => void,
  resume: Resume | undefined = settings.resume,
): Promise<RunDescription> {
  const { baseUrl, mode, transport, dir } = settings;
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
