import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gradientAccumulation, gradientAccumulationSchedule, type TrainEvent } from '@microbatch/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/verify/finding.js';
import { verify } from '../src/verify/verify.js';
import { type CheckpointedRun, logCheckpointed, type RunProcess } from './checkpointed-run.js';
import {
  editEvents,
  editJournal,
  editWandb,
  eventFiles,
  indexWhere,
  pointsOf,
  rowsOf,
  wandbLog,
  without,
} from './plant.js';
import { isMicro, isStep } from './planted-fault.js';
import { temporaryFolder } from './temporary-folder.js';

const TWICE: readonly RunProcess[] = [{ checkpointAt: 14, until: 17 }, {}];

async function logged(options: Partial<CheckpointedRun> = {}): Promise<string> {
  const dir = join(temporaryFolder(), 'run');
  await logCheckpointed({ dir, processes: TWICE, ...options });
  return dir;
}

async function faultsOf(dir: string): Promise<Finding[]> {
  const { findings, runs } = await verify([dir]);
  return [...findings, ...runs.flatMap((run) => run.findings)].filter(({ severity }) => severity === 'fault');
}

const healthy: Readonly<Record<string, Partial<CheckpointedRun>>> = {
  'inside a window': {},
  'at a window': { processes: [{ checkpointAt: 12, until: 17 }, {}] },
  'before an epoch ends': { processes: [{ checkpointAt: 10, until: 13 }, {}] },
  'behind several windows': { processes: [{ checkpointAt: 6, until: 18 }, {}] },
  'before the first micro-batch': { processes: [{ checkpointAt: 0, until: 9 }, {}] },
  'at once': { processes: [{ checkpointAt: 14, until: 14 }, {}] },
  'twice from one checkpoint': { processes: [{ checkpointAt: 6, until: 9 }, { until: 13 }, {}] },
  'and wrote nothing new': { processes: [{ checkpointAt: 6, until: 13 }, { until: 9 }, {}] },
  'and has no row of its own': {
    processes: [{ checkpointAt: 0, until: 18, end: 'stopped' }, {}],
    policy: gradientAccumulation({ accumBatchSize: 12 }),
  },
  'again and again': {
    processes: [{ checkpointAt: 3, until: 5 }, { checkpointAt: 4, until: 9 }, { checkpointAt: 9, until: 19 }, {}],
  },
  'when it was stopped': { processes: [{ checkpointAt: 13, until: 13, end: 'stopped' }, {}] },
  'where micro-batches are recorded': { policy: gradientAccumulation({ accumBatchSize: 16, logAccumBatch: false }) },
  'with a schedule': {
    policy: gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.6 }),
  },
  'in the split layout': { layout: 'split' },
  "with fastai's names": { names: 'fastai' },
  'on the micro axis in W&B': { wandbAxis: 'micro' },
  'with micro-batches that weigh nothing': {
    weight: (microStep) => (microStep % 4 === 2 ? 0 : 4),
    policy: gradientAccumulation({ accumBatchSize: 16, logAccumBatch: false }),
  },
};

describe('verify', () => {
  it.each(Object.entries(healthy))(
    'finds nothing wrong with a run that goes on from a checkpoint %s',
    async (_, run) => {
      const dir = await logged(run);
      expect(await faultsOf(dir)).toEqual([]);
      const { runs } = await verify([dir]);
      const processes = (run.processes ?? TWICE).length;
      expect(runs).toMatchObject([{ outcome: 'finished', findings: [] }]);
      expect(runs[0]!.sources.filter(({ kind }) => kind === 'journal')).toHaveLength(processes);
      expect(runs[0]!.sources.filter(({ kind }) => kind === 'wandb')).toHaveLength(processes);
    },
  );

  it('finds nothing wrong with whatever run that goes on from checkpoints', async () => {
    const place = fc.integer({ min: 0, max: 19 });
    const runs = fc.record({
      // Where each process takes its checkpoint, if it comes so far, and where it is killed.
      processes: fc.array(fc.record({ checkpointAt: place, until: place, end: fc.constantFrom('killed', 'stopped') }), {
        minLength: 1,
        maxLength: 4,
      }),
      logAccumBatch: fc.boolean(),
      lastWindow: fc.constantFrom('carry' as const, 'flush' as const, 'drop' as const),
      accumBatchSize: fc.constantFrom(4, 12, 16),
      layout: fc.constantFrom('single' as const, 'split' as const),
      wandbAxis: fc.constantFrom('micro' as const, 'samples' as const, undefined),
      weightless: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ processes, weightless, wandbAxis, layout, ...policy }) => {
        let saved = -1;
        const kept = processes.filter(({ checkpointAt, until }) => {
          // One that ends before a checkpoint can't be gone on with, nor one begin behind its own end.
          const isPossible = until >= Math.max(saved, checkpointAt) && checkpointAt > saved;
          if (isPossible) saved = checkpointAt;
          return isPossible;
        });
        // A window in which nothing weighs anything is refused.
        const mayWeighNothing = policy.lastWindow === 'carry' && policy.accumBatchSize > 8;
        const dir = await logged({
          processes: [...kept, {}] as RunProcess[],
          policy: gradientAccumulation(policy),
          layout,
          ...(wandbAxis && { wandbAxis }),
          weight: (microStep) => (mayWeighNothing && weightless.includes(microStep) ? 0 : 4),
        });
        expect(await faultsOf(dir)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('only notes that a stopped run leaves its last row to the process that goes on', async () => {
    const dir = await logged({ processes: [{ checkpointAt: 13, until: 13, end: 'stopped' }] });
    const { faults, runs } = await verify([dir]);
    expect(faults).toBe(0);
    expect(runs[0]!.findings).toMatchObject([{ severity: 'note', code: 'row-left', at: { row: 2 } }]);
  });

  it.each([
    ['W&B log', (dir: string) => dirname(wandbLog(dir)), ['fragment']],
    ['event file', (dir: string) => eventFiles(dir)[0]!, []],
  ] as const)('finds no fault where the %s of the process before is not there', async (_, pathOf, notes) => {
    const dir = await logged({ processes: [{ checkpointAt: 10, until: 13 }, {}] });
    rmSync(pathOf(dir), { recursive: true });
    const { faults, runs } = await verify([dir]);
    expect({ faults, notes: runs[0]!.findings.map(({ code }) => code) }).toEqual({ faults: 0, notes });
  });

  it.each([{ file: '../digits.microbatch.jsonl', offset: 90 }, { file: 7, offset: 90 }, { file: FIRST }, 'digits'])(
    'says plainly that a journal goes on with %j, and checks the rest',
    async (resumes) => {
      const dir = await logged();
      const text = readFileSync(inSecond(dir), 'utf8');
      writeFileSync(inSecond(dir), text.replace(/"resumes":\{[^}]*\}/, `"resumes":${JSON.stringify(resumes)}`));
      const faults = await faultsOf(dir);
      expect(faults).toContainEqual(expect.objectContaining({ code: 'wrong-joint', file: inSecond(dir) }));
    },
  );

  it('finds no fault where nothing of the process before is there', async () => {
    const dir = await logged();
    for (const path of [join(dir, FIRST), dirname(wandbLog(dir)), eventFiles(dir)[0]!])
      rmSync(path, { recursive: true });
    const { faults, runs } = await verify([dir]);
    expect({ faults, notes: runs[0]!.findings.map(({ code }) => code) }).toEqual({
      faults: 0,
      notes: ['earlier-part-missing'],
    });
  });

  it('finds nothing wrong with W&B logs and event files of such a run without journals', async () => {
    const dir = await logged();
    for (const name of [FIRST, SECOND]) rmSync(join(dir, name));
    const { faults, runs } = await verify([dir]);
    expect({ faults, findings: runs.map(({ findings }) => findings) }).toEqual({ faults: 0, findings: [[]] });
  });
});

const FIRST = 'digits.microbatch.jsonl';
const SECOND = 'digits-2.microbatch.jsonl';

function change(dir: string, name: string, isMeant: (line: TrainEvent) => boolean, changes: object): void {
  editJournal(
    dir,
    (lines) => {
      const at = indexWhere(lines, isMeant);
      lines[at] = { ...lines[at]!, ...changes };
      return lines;
    },
    name,
  );
}

interface Planted {
  readonly run?: Partial<CheckpointedRun>;
  readonly plant?: (dir: string) => void;
  readonly says: Partial<Finding>;
  readonly file: (dir: string) => string;
  /** Of all faults: others follow from it. */
  readonly codes: readonly string[];
}

const inFirst = (dir: string) => join(dir, FIRST);
const inSecond = (dir: string) => join(dir, SECOND);
const secondLog = (dir: string) => wandbLog(dir, 1);
const secondEvents = (dir: string) => eventFiles(dir)[1]!;

const planted: Readonly<Record<string, Planted>> = {
  'a changed loss before the checkpoint': {
    plant: (dir) => change(dir, FIRST, isStep(2), { loss: 0.7 }),
    says: { code: 'accumulated-loss', at: { step: 2, microStep: 8 }, found: 0.7 },
    file: inFirst,
    codes: ['accumulated-loss', 'smooth-loss', 'value'],
  },
  'a changed loss behind the checkpoint': {
    plant: (dir) => change(dir, SECOND, isStep(4), { loss: 0.7 }),
    says: { code: 'accumulated-loss', at: { step: 4, microStep: 16 }, found: 0.7 },
    file: inSecond,
    codes: ['accumulated-loss', 'smooth-loss', 'value'],
  },
  'another micro-batch than before the checkpoint, in the window that it was in': {
    plant: (dir) => change(dir, FIRST, isMicro(13), { loss: 0.5 }),
    says: { code: 'lineage', at: { step: 4, microStep: 13 }, key: 'loss', expected: 0.5 },
    file: inSecond,
    codes: ['lineage', 'value', 'epoch-mean'],
  },
  'a missing window': {
    plant: (dir) => editJournal(dir, (lines) => without(lines, indexWhere(lines, isStep(5))), SECOND),
    says: { code: 'missing-window', at: { step: 5, microStep: 20 } },
    file: inSecond,
    codes: ['missing-window', 'missing-value', 'unexpected-row', 'unexpected-point', 'summary'],
  },
  'a changed mean of the epoch that the checkpoint is in': {
    plant: (dir) => change(dir, SECOND, ({ type }) => type === 'epoch-end', { train: { loss: 1, accuracy: 0.155 } }),
    says: { code: 'epoch-mean', at: { microStep: 20 }, key: 'loss', found: 1 },
    file: inSecond,
    codes: ['epoch-mean'],
  },
  'a smoothed loss that does not go on': {
    plant: (dir) => change(dir, SECOND, isStep(4), { smoothLoss: 0.6 }),
    says: { code: 'smooth-loss', at: { step: 4, microStep: 16 }, found: 0.6 },
    file: inSecond,
    codes: ['smooth-loss', 'value'],
  },
  'a header that names another place': {
    plant(dir) {
      const text = readFileSync(inSecond(dir), 'utf8');
      writeFileSync(
        inSecond(dir),
        text.replace(/"offset":(\d+)/, (_, offset) => `"offset":${Number(offset) - 3}`),
      );
    },
    says: { code: 'wrong-joint', key: 'resumes' },
    file: inSecond,
    codes: ['wrong-joint'],
  },
  'a gap in the rows': {
    plant: (dir) => editWandb(dir, (records) => without(records, rowsOf(records)[0]!), 1),
    says: { code: 'missing-row', at: { row: 3, microStep: 16 } },
    file: secondLog,
    codes: ['missing-row'],
  },
  'a row that the log before has': {
    plant(dir) {
      let row: Buffer;
      editWandb(dir, (records) => {
        row = records[rowsOf(records)[2]!]!;
        return records;
      });
      editWandb(dir, (records) => records.toSpliced(rowsOf(records)[0]!, 0, row), 1);
    },
    says: { code: 'duplicate-step', key: '_step', found: 2 },
    file: secondLog,
    codes: ['duplicate-step'],
  },
  'a run time that counts the pause': {
    // The logger of the second process counts from a minute before; the journal's run-start says when it began.
    run: { alter: (event) => (event.type === 'run-start' ? { ...event, time: event.time - 60_000 } : event) },
    plant(dir) {
      let time = 0;
      editJournal(dir, (lines) => {
        time = lines.at(-1)!.time;
        return lines;
      });
      change(dir, SECOND, ({ type }) => type === 'run-start', { time: time + 60_000 });
    },
    says: { code: 'clock', key: '_runtime', at: { row: 4, microStep: 20 } },
    file: secondLog,
    codes: ['clock'],
  },
  'an event file that does not take over': {
    plant: (dir) =>
      editEvents(secondEvents(dir), (records) =>
        without(
          records,
          records.findIndex((record) => isStart(record)),
        ),
      ),
    says: { code: 'no-take-over', at: { x: 14 }, expected: 14, found: 'nothing' },
    file: secondEvents,
    codes: ['no-take-over'],
  },
  "a point of the checkpoint's own x that is not written again": {
    plant: (dir) =>
      editEvents(secondEvents(dir), (records) => without(records, pointsOf(records, 'train/micro_loss')[0]!)),
    says: { code: 'missing-point', at: { x: 14, microStep: 14 }, key: 'train/micro_loss' },
    file: secondEvents,
    codes: ['missing-point'],
  },
  'a point that is missing before the checkpoint': {
    plant: (dir) => editEvents(eventFiles(dir)[0]!, (records) => without(records, pointsOf(records, 'train/loss')[1]!)),
    says: { code: 'missing-point', at: { x: 8, microStep: 8 }, key: 'train/loss' },
    file: (dir) => eventFiles(dir)[0]!,
    codes: ['missing-point'],
  },
};

/** Whether a record of an event file is SessionLog START: field 7 of the event, of which field 1 is 1. */
function isStart(record: Buffer): boolean {
  return record.includes(Buffer.from([0x3a, 0x02, 0x08, 0x01]));
}

describe('verify finds, where a run goes on from a checkpoint,', () => {
  it.each(Object.entries(planted))('%s', async (_name, { run, plant, says, file, codes }) => {
    const dir = await logged(run);
    plant?.(dir);
    const faults = await faultsOf(dir);
    expect(faults).toContainEqual(expect.objectContaining({ file: file(dir), ...says }));
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(codes));
  });
});
