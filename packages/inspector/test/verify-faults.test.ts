import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/verify/finding.js';
import { verify } from '../src/verify/verify.js';
import { type LoggedRun, logRun } from './logged-run.js';
import {
  doubled,
  editEvents,
  editJournal,
  editWandb,
  eventFiles,
  indexWhere,
  JOURNAL,
  pointsOf,
  rowsOf,
  swapped,
  wandbLog,
  without,
} from './plant.js';
import { temporaryFolder } from './temporary-folder.js';

/** A fault that is put into the files of a healthy run, and what has to be said of it. */
interface Planted {
  readonly run?: Omit<LoggedRun, 'dir'>;
  readonly plant?: (dir: string) => void;
  readonly says: Partial<Finding>;
  /** The codes of all faults that are found: others follow from it. */
  readonly codes?: readonly string[];
}

const isStep = (step: number) => (line: TrainEvent) => line.type === 'accumulated-batch' && line.step === step;
const isMicro = (microStep: number) => (line: TrainEvent) =>
  line.type === 'micro-batch' && line.microStep === microStep;

/** Changes the line of a journal of which `isMeant`. */
function change(dir: string, isMeant: (line: TrainEvent) => boolean, changes: object): void {
  editJournal(dir, (lines) => {
    const at = indexWhere(lines, isMeant);
    lines[at] = { ...lines[at]!, ...changes };
    return lines;
  });
}

function inEvents(edit: (records: Buffer[], points: number[]) => Buffer[], tag = 'train/loss') {
  return (dir: string) => editEvents(eventFiles(dir)[0]!, (records) => edit(records, pointsOf(records, tag)));
}

function inWandb(edit: (records: Buffer[], rows: number[]) => Buffer[]) {
  return (dir: string) => editWandb(dir, (records) => edit(records, rowsOf(records)));
}

const alterStep = (step: number, changes: object) => (events: TrainEvent[]) =>
  events.map((event) => (isStep(step)(event) ? ({ ...event, ...changes } as TrainEvent) : event));

const journal: Readonly<Record<string, Planted>> = {
  'a changed accumulated loss': {
    plant: (dir) => change(dir, isStep(3), { loss: 0.7 }),
    says: { code: 'accumulated-loss', at: { step: 3, microStep: 12 }, found: 0.7, expected: expect.closeTo(0.7129, 3) },
    codes: ['accumulated-loss', 'smooth-loss', 'value'],
  },
  'a changed metric': {
    plant: (dir) => change(dir, isStep(3), { metrics: { accuracy: 0.5, even: 11 } }),
    says: { code: 'accumulated-metric', key: 'accuracy', at: { step: 3, microStep: 12 }, expected: 0.105, found: 0.5 },
  },
  'a changed micro-batch': {
    plant: (dir) => change(dir, isMicro(6), { loss: 0.5 }),
    says: { code: 'lineage', at: { step: 2, microStep: 6 }, key: 'loss', expected: 0.5, found: 2.3 / Math.sqrt(6) },
  },
  'a changed normalizer': {
    plant: (dir) => change(dir, isStep(2), { normalizer: 15 }),
    says: { code: 'window-size', at: { step: 2, microStep: 8 }, key: 'normalizer', expected: 16, found: 15 },
  },
  'a missing window': {
    plant: (dir) => editJournal(dir, (lines) => without(lines, indexWhere(lines, isStep(3)))),
    says: {
      code: 'missing-window',
      at: { step: 3, microStep: 12 },
      message: expect.stringContaining('micro-batch 9–12'),
    },
    codes: ['missing-window', 'unexpected-row', 'unexpected-point', 'smooth-loss'],
  },
  'a window that was discarded, and nobody says so': {
    run: { isDiscarded: (step) => step === 3 },
    plant: (dir) =>
      editJournal(dir, (lines) =>
        without(
          lines,
          indexWhere(lines, ({ type }) => type === 'discarded-window'),
        ),
      ),
    says: { code: 'missing-window', at: { step: 3, microStep: 12 } },
    codes: ['missing-window'],
  },
  'a missing micro-batch': {
    plant: (dir) => editJournal(dir, (lines) => without(lines, indexWhere(lines, isMicro(6)))),
    says: { code: 'missing-micro-batch', at: { microStep: 6 }, found: 'nothing' },
    codes: ['missing-micro-batch', 'unexpected-point'],
  },
  'a window without its lineage': {
    plant: (dir) => change(dir, isStep(3), { microBatches: undefined }),
    says: { code: 'damaged-line', at: { line: 18 }, message: expect.stringContaining('without microBatches') },
  },
  'a loss that is null': {
    plant: (dir) => change(dir, isMicro(6), { loss: null }),
    says: { code: 'damaged-line', at: { line: 9 }, message: expect.stringContaining('micro-batch without loss') },
  },
  'a run without its policy': {
    plant: (dir) =>
      editJournal(dir, (lines) =>
        lines.map((line) => (line.type === 'run-start' ? { ...line, run: { ...line.run, policy: null } } : line)),
      ),
    says: { code: 'damaged-line', at: { line: 2 } },
  },
  'a duplicated step': {
    plant: (dir) => editJournal(dir, (lines) => doubled(lines, indexWhere(lines, isStep(3)))),
    says: { code: 'duplicate-step', at: { step: 3 }, key: 'step', expected: 4, found: 3 },
    codes: ['duplicate-step'],
  },
  'a duplicated micro-batch': {
    plant: (dir) => editJournal(dir, (lines) => doubled(lines, indexWhere(lines, isMicro(6)))),
    says: { code: 'duplicate-step', at: { microStep: 6 }, key: 'microStep' },
    codes: ['duplicate-step'],
  },
  'reordered micro-batches': {
    plant: (dir) =>
      editJournal(dir, (lines) => swapped(lines, indexWhere(lines, isMicro(6)), indexWhere(lines, isMicro(7)))),
    says: { code: 'out-of-order', at: { microStep: 6 }, key: 'microStep' },
    codes: ['out-of-order'],
  },
  'reordered windows': {
    plant: (dir) =>
      editJournal(dir, (lines) => swapped(lines, indexWhere(lines, isStep(2)), indexWhere(lines, isStep(3)))),
    says: { code: 'out-of-order', at: { step: 2 }, key: 'step' },
  },
  'a changed clock': {
    plant: (dir) => change(dir, isMicro(6), { samples: 23 }),
    says: { code: 'clock', at: { microStep: 6 }, key: 'samples', expected: 24, found: 23 },
  },
  'a time that goes back': {
    plant: (dir) => change(dir, isStep(4), { time: 5 }),
    says: { code: 'clock', at: { microStep: 16 }, key: 'time', found: 5 },
  },
  'an epoch that is not due': {
    plant: (dir) => change(dir, isMicro(6), { epoch: 0.9 }),
    says: { code: 'clock', at: { microStep: 6 }, key: 'epoch', expected: 0.6, found: 0.9 },
  },
  'a window of another size than the policy has': {
    plant: (dir) =>
      editJournal(dir, (lines) =>
        lines.map((line) =>
          line.type === 'run-start'
            ? { ...line, run: { ...line.run, policy: { ...line.run.policy, accumBatchSize: 12 } } }
            : line,
        ),
      ),
    says: { code: 'window-target', at: { microStep: 1 }, expected: 12, found: 16 },
    codes: ['window-target'],
  },
  'a changed smoothed loss': {
    plant: (dir) => change(dir, isStep(3), { smoothLoss: 0.9 }),
    says: { code: 'smooth-loss', at: { step: 3, microStep: 12 }, found: 0.9 },
  },
  'a changed mean of an epoch': {
    plant: (dir) => change(dir, ({ type }) => type === 'epoch-end', { train: { loss: 1, accuracy: 0.055, even: 6 } }),
    says: { code: 'epoch-mean', at: { microStep: 10 }, key: 'loss', found: 1 },
    codes: ['epoch-mean'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(`${dir}/${JOURNAL}`, statSync(`${dir}/${JOURNAL}`).size - 9),
    says: { code: 'torn-file', found: 'half a line' },
    codes: ['torn-file'],
  },
  'a line that is no JSON': {
    plant: (dir) =>
      editJournal(dir, (lines) => lines.map((line, at) => (isStep(3)(line) ? '{"type":"acc' : lines[at]!))),
    says: { code: 'damaged-line', at: { line: 18 } },
  },
  'no run-start': {
    plant: (dir) => editJournal(dir, (lines) => lines.slice(1)),
    says: { code: 'no-run-start', found: 'micro-batch' },
    codes: ['no-run-start'],
  },
  'events behind the end': {
    plant: (dir) => editJournal(dir, (lines) => [...lines, { ...lines.at(-1)!, type: 'log', values: {} }]),
    says: { code: 'after-run-end', found: 'log' },
    codes: ['after-run-end'],
  },
};

const wandb: Readonly<Record<string, Planted>> = {
  'a gap in the rows': {
    plant: inWandb((records, rows) => without(records, rows[2]!)),
    says: { code: 'missing-row', at: { row: 2, microStep: 12 }, expected: 'accumulated batch 3', found: 'nothing' },
    codes: ['missing-row'],
  },
  'a duplicated row': {
    plant: inWandb((records, rows) => doubled(records, rows[2]!)),
    says: { code: 'duplicate-step', at: { row: 2 }, key: '_step', found: 2 },
    codes: ['duplicate-step'],
  },
  'reordered rows': {
    plant: inWandb((records, rows) => swapped(records, rows[1]!, rows[2]!)),
    says: { code: 'out-of-order', at: { row: 1 }, key: '_step', expected: 'more than 2', found: 1 },
    codes: ['out-of-order'],
  },
  'a changed loss': {
    run: { alter: { wandb: alterStep(3, { loss: 0.7 }) } },
    says: {
      code: 'value',
      at: { row: 2, microStep: 12 },
      key: 'train/loss',
      expected: expect.closeTo(0.7129, 3),
      found: 0.7,
    },
    codes: ['value'],
  },
  'a value that is missing': {
    run: { alter: { wandb: alterStep(3, { gradNorm: undefined }) } },
    says: {
      code: 'missing-value',
      at: { row: 2, microStep: 12 },
      key: 'train/grad_norm',
      expected: 1 / 3,
      found: 'nothing',
    },
    codes: ['missing-value'],
  },
  'a value that nobody logged': {
    run: { alter: { wandb: alterStep(3, { clippedGradNorm: 9 }) } },
    says: { code: 'unexpected-value', at: { row: 2, microStep: 12 }, key: 'train/clipped_grad_norm', found: 9 },
    codes: ['unexpected-value'],
  },
  'a validation in another row': {
    run: {
      alter: {
        wandb: (events) =>
          swapped(
            events,
            events.findIndex(({ type }) => type === 'epoch-end'),
            events.findIndex(isStep(3)),
          ),
      },
    },
    says: { code: 'missing-value', at: { row: 1, microStep: 8 }, key: 'valid/loss', expected: 0.1 },
    codes: ['missing-value', 'unexpected-value'],
  },
  'a changed clock': {
    run: { alter: { wandb: alterStep(3, { samples: 47 }) } },
    says: { code: 'clock', at: { row: 2, microStep: 12 }, key: 'trainer/samples', expected: 48, found: 47 },
    codes: ['clock'],
  },
  'another outcome': {
    run: {
      alter: {
        wandb: (events) => events.map((event) => (event.type === 'run-end' ? { ...event, outcome: 'failed' } : event)),
      },
    },
    says: { code: 'outcome', expected: 0, found: 'exit code 1' },
    codes: ['outcome'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(wandbLog(dir), statSync(wandbLog(dir)).size - 5),
    says: { code: 'torn-file', found: 'the last record is cut off' },
    codes: ['torn-file'],
  },
  'a flipped bit': {
    plant: inWandb((records, rows) => {
      records[rows[2]!]!.writeUInt8(7, 30);
      return records;
    }),
    says: { code: 'damaged-record', found: 'a checksum does not match' },
  },
};

const tensorboard: Readonly<Record<string, Planted>> = {
  'a point that is missing': {
    plant: inEvents((records, points) => without(records, points[2]!)),
    says: { code: 'missing-point', at: { x: 12, microStep: 12 }, key: 'train/loss', found: 'nothing' },
    codes: ['missing-point'],
  },
  'a duplicated step': {
    plant: inEvents((records, points) => doubled(records, points[2]!)),
    says: { code: 'duplicate-step', at: { x: 12 }, key: 'train/loss', found: 12 },
    codes: ['duplicate-step'],
  },
  'reordered points': {
    plant: inEvents((records, points) => swapped(records, points[1]!, points[2]!)),
    says: { code: 'out-of-order', at: { x: 8 }, key: 'train/loss', expected: 'more than 12', found: 8 },
    codes: ['out-of-order'],
  },
  'a changed loss': {
    run: { alter: { tensorboard: alterStep(3, { loss: 0.7 }) } },
    says: { code: 'value', at: { x: 12, microStep: 12 }, key: 'train/loss', found: Math.fround(0.7) },
    codes: ['value'],
  },
  'a tag that is missing': {
    plant: inEvents((records, points) => records.filter((_, at) => !points.includes(at)), 'train/micro_loss'),
    says: { code: 'missing-point', at: { x: 1, microStep: 1 }, key: 'train/micro_loss', expected: '20 points' },
  },
  'points that nobody logged': {
    run: { alter: { tensorboard: alterStep(3, { clippedGradNorm: 9 }) } },
    says: { code: 'unexpected-point', at: { x: 12 }, key: 'train/clipped_grad_norm', found: 'a point' },
    codes: ['unexpected-point'],
  },
  'another time': {
    run: { alter: { tensorboard: alterStep(3, { time: 5000 }) } },
    says: { code: 'clock', at: { x: 12, microStep: 12 }, key: 'train/loss', found: 5 },
    codes: ['clock'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(eventFiles(dir)[0]!, statSync(eventFiles(dir)[0]!).size - 5),
    says: { code: 'torn-file', found: 'torn-record' },
  },
  'a flipped bit': {
    plant: inEvents((records, points) => {
      records[points[2]!]!.writeUInt8(7, 20);
      return records;
    }),
    says: { code: 'damaged-record', found: 'data-crc' },
  },
};

async function findingsOf({ run = {}, plant }: Planted): Promise<{ dir: string; findings: Finding[] }> {
  const dir = temporaryFolder();
  await logRun({ dir, ...run });
  plant?.(dir);
  const { runs, findings } = await verify([dir]);
  return {
    dir,
    findings: [...findings, ...runs.flatMap((one) => one.findings)].filter(({ severity }) => severity === 'fault'),
  };
}

describe.each([
  ['a journal', journal, (dir: string) => `${dir}/${JOURNAL}`],
  ['a W&B log', wandb, wandbLog],
  ['an event file', tensorboard, (dir: string) => eventFiles(dir)[0]!],
] as const)('verify finds, in %s,', (_kind, planted, fileOf) => {
  it.each(Object.entries(planted))('%s', async (_name, fault) => {
    const { dir, findings } = await findingsOf(fault);
    expect(findings).toContainEqual(expect.objectContaining({ file: fileOf(dir), ...fault.says }));
    if (fault.codes !== undefined) {
      expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(fault.codes));
    }
  });
});

/** The places of all numbers in an event. */
function numbersIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]));
}

describe('verify', () => {
  it('finds any number of a journal that was changed, but for what nothing else shows', async () => {
    const dir = temporaryFolder();
    const plan = { microBatchSize: 4, microBatchesPerEpoch: 3, epochs: 2 };
    await logRun({
      dir,
      plan,
      policy: gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' }),
      values: { 3: { own: 5 } },
    });
    const path = join(dir, JOURNAL);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const missed: string[] = [];
    // Behind the header and the run itself.
    for (const [at, line] of [...lines.entries()].slice(2)) {
      for (const place of numbersIn(JSON.parse(line))) {
        const event = JSON.parse(line);
        const holder = place.slice(0, -1).reduce((object, key) => object[key], event);
        const [key] = place.slice(-1);
        holder[key!] = Number.isInteger(holder[key!]) ? holder[key!] + 1 : holder[key!] * 1.0001;
        writeFileSync(path, `${lines.with(at, JSON.stringify(event)).join('\n')}\n`);
        const { faults } = await verify([dir]);
        if (faults === 0) missed.push(`${event.type} ${place.join('.')}`);
      }
    }
    // The learning rate of a batch that is not recorded, and when the run ended, stand in no other file.
    expect(new Set(missed)).toEqual(new Set(['micro-batch learningRate', 'run-end time']));
  });
});

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

describe('verify finds, where there is no journal,', () => {
  const withoutJournal: Readonly<Record<string, Planted>> = {
    'a gap in the rows': {
      plant: inWandb((records, rows) => without(records, rows[2]!)),
      says: { code: 'missing-row', at: { row: 2 } },
    },
    'another loss in TensorBoard': {
      run: { alter: { tensorboard: alterStep(3, { loss: 0.7 }) } },
      says: { code: 'value', at: { x: 12, row: 2 }, key: 'train/loss', found: Math.fround(0.7) },
    },
    'a point that is missing': {
      plant: inEvents((records, points) => without(records, points[2]!)),
      says: { code: 'missing-point', at: { x: 12, row: 2 }, key: 'train/loss', found: 'nothing' },
    },
  };

  it.each(Object.entries(withoutJournal))('%s', async (_name, { plant, ...planted }) => {
    const { findings } = await findingsOf({
      ...planted,
      plant(dir) {
        plant?.(dir);
        rmSync(join(dir, JOURNAL));
      },
    });
    expect(findings).toContainEqual(expect.objectContaining(planted.says));
  });
});
