import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainEvent } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { type LoggedRun, logRun } from './logged-run.js';
import { editJournal, eventFiles, indexWhere, JOURNAL, wandbLog } from './plant.js';
import { change, isMicro } from './planted-fault.js';
import { temporaryFolder } from './temporary-folder.js';

describe('verify finds, where a run was resumed,', () => {
  async function resumed(options: Omit<LoggedRun, 'dir'> = {}): Promise<string> {
    const dir = temporaryFolder();
    const { snapshot } = await logRun({ dir, snapshotAt: 14, until: 17, outcome: 'killed' });
    await logRun({ dir, snapshot: snapshot!, ...options });
    return dir;
  }

  it('a part that trained on other losses than the one before', async () => {
    const dir = await resumed();
    change(dir, isMicro(13), { loss: 0.5 });
    const { runs } = await verify([dir]);
    expect(runs[0]!.findings).toContainEqual(
      expect.objectContaining({
        code: 'lineage',
        file: `${dir}/digits-2.microbatch.jsonl`,
        at: { step: 4, microStep: 13 },
        expected: 0.5,
      }),
    );
  });

  it('micro-batches that no part has', async () => {
    const dir = await resumed();
    editJournal(dir, (lines) => lines.slice(0, indexWhere(lines, isMicro(10))));
    const { runs } = await verify([dir]);
    expect(runs[0]!.findings).toContainEqual(
      expect.objectContaining({ code: 'missing-micro-batch', at: { microStep: 10 }, expected: 14, found: 9 }),
    );
  });

  it('an event file that does not take over', async () => {
    const asNew = (events: TrainEvent[]) =>
      events.map((event) => {
        if (event.type !== 'run-start') return event;
        const { resumedAt: _, ...run } = event.run;
        return { ...event, run };
      });
    const dir = await resumed({
      alter: { tensorboard: (events) => asNew(events.filter(({ microStep }) => microStep !== 15)) },
    });
    const { runs } = await verify([dir]);
    const at = { file: eventFiles(dir)[1], at: { x: 15 } };
    expect(runs[0]!.findings).toContainEqual(expect.objectContaining({ code: 'no-take-over', expected: 15, ...at }));
  });

  it('nothing but a note where the journal of the part before is not there', async () => {
    const dir = await resumed();
    rmSync(join(dir, JOURNAL));
    for (const path of eventFiles(dir).slice(0, 1)) rmSync(path);
    rmSync(join(wandbLog(dir), '..'), { recursive: true });
    const { faults, runs } = await verify([dir]);
    expect(faults).toBe(0);
    expect(runs[0]!.findings.map(({ code }) => code)).toEqual(['earlier-part-missing']);
  });
});
