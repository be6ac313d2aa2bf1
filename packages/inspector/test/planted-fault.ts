import type { TrainEvent } from '@microbatch/core';
import { expect } from 'vitest';
import type { Finding } from '../src/verify/finding.js';
import { verify } from '../src/verify/verify.js';
import { type LoggedRun, logRun } from './logged-run.js';
import { editEvents, editJournal, editWandb, eventFiles, indexWhere, pointsOf, rowsOf } from './plant.js';
import { temporaryFolder } from './temporary-folder.js';

/** A fault that is put into the files of a healthy run, and what has to be said of it. */
export interface PlantedFault {
  readonly run?: Omit<LoggedRun, 'dir'>;
  readonly plant?: (dir: string) => void;
  readonly says: Partial<Finding>;
  /** The codes of all faults that are found: others follow from it. */
  readonly codes?: readonly string[];
}

/** Whether a line is the window of a step. */
export const isStep = (step: number) => (line: TrainEvent) => line.type === 'accumulated-batch' && line.step === step;

/** Whether a line is a micro-batch. */
export const isMicro = (microStep: number) => (line: TrainEvent) =>
  line.type === 'micro-batch' && line.microStep === microStep;

/** Changes the line of a journal of which `isMeant`. */
export function change(dir: string, isMeant: (line: TrainEvent) => boolean, changes: object): void {
  editJournal(dir, (lines) => {
    const at = indexWhere(lines, isMeant);
    lines[at] = { ...lines[at]!, ...changes };
    return lines;
  });
}

/** A plant that rewrites the first event file; `points` are the places of a tag's points among its records. */
export function inEvents(edit: (records: Buffer[], points: number[]) => Buffer[], tag = 'train/loss') {
  return (dir: string) => editEvents(eventFiles(dir)[0]!, (records) => edit(records, pointsOf(records, tag)));
}

/** A plant that rewrites the W&B log; `rows` are the places of the rows among its records. */
export function inWandb(edit: (records: Buffer[], rows: number[]) => Buffer[]) {
  return (dir: string) => editWandb(dir, (records) => edit(records, rowsOf(records)));
}

/** Changes the window of a step on its way to a logger. */
export const alterStep = (step: number, changes: object) => (events: TrainEvent[]) =>
  events.map((event) => (isStep(step)(event) ? ({ ...event, ...changes } as TrainEvent) : event));

/** The faults that `verify` finds where one was planted. */
export async function faultsOf({ run = {}, plant }: PlantedFault): Promise<{ dir: string; faults: Finding[] }> {
  const dir = temporaryFolder();
  await logRun({ dir, ...run });
  plant?.(dir);
  const { runs, findings } = await verify([dir]);
  return {
    dir,
    faults: [...findings, ...runs.flatMap((one) => one.findings)].filter(({ severity }) => severity === 'fault'),
  };
}

/** Plants a fault in the file that `fileOf` names, and expects of `verify` what has to be said of it. */
export async function expectFound(planted: PlantedFault, fileOf: (dir: string) => string): Promise<void> {
  const { dir, faults } = await faultsOf(planted);
  expect(faults).toContainEqual(expect.objectContaining({ file: fileOf(dir), ...planted.says }));
  if (planted.codes !== undefined) expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(planted.codes));
}
