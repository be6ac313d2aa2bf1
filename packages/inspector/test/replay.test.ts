import { appendFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import { sampleValues } from '@microbatch/core/testing';
import { readWandbRun } from '@microbatch/logger-wandb';
import { type FileEvent, readEvents } from 'tensorboard-writer';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { logCheckpointed } from './checkpointed-run.js';
import { type LoggedRun, logRun } from './logged-run.js';
import { editJournal, eventFiles, JOURNAL, wandbLog } from './plant.js';
import { runCommand } from './run-command.js';
import { temporaryFolder } from './temporary-folder.js';

/** All that a file says of a run: not when the file itself, and its row of the hparams table, were written. */
async function eventsOf(path: string): Promise<FileEvent[]> {
  const events: FileEvent[] = [];
  for await (const event of readEvents(path)) {
    const isPoint = event.kind === 'summary' && event.values.every(({ tag }) => !tag.startsWith('_hparams_/'));
    if (event.kind !== 'file-version') events.push(isPoint ? event : { ...event, wallTime: 0 });
  }
  return events;
}

function rowsOf(dir: string): unknown {
  const { run, config, history, summary, metrics, exit } = readWandbRun(wandbLog(dir));
  return { run, config, history, summary, metrics, exit };
}

async function faultsOf(...paths: string[]): Promise<unknown> {
  const { faults, runs, findings } = await verify(paths);
  return { faults, kinds: runs.map(({ sources }) => sources.map(({ kind }) => kind)), findings };
}

const journaled = { faults: 0, kinds: [['journal', 'wandb', 'tensorboard']], findings: [] };

describe('microbatch replay', () => {
  it.each([
    ['accumulated batches', {}],
    ['micro-batches', { policy: gradientAccumulation({ accumBatchSize: 16, logAccumBatch: false }) }],
    ['a failed run', { until: 13, outcome: 'failed' }],
    [
      'values of every kind',
      { values: { 4: sampleValues() }, loss: (microStep) => (microStep === 7 ? Number.NaN : 1 / microStep) },
    ],
  ] satisfies [string, Omit<LoggedRun, 'dir'>][])('writes the same again: %s', async (_name, options) => {
    const [dir, out] = [temporaryFolder(), temporaryFolder()];
    await logRun({ dir, ...options });
    const where = ['--tensorboard', out, '--wandb', out, '--id', 'digits'];
    const { code } = await runCommand(['replay', join(dir, JOURNAL), ...where]);
    expect(code).toBe(0);
    expect(await eventsOf(eventFiles(out)[0]!)).toEqual(await eventsOf(eventFiles(dir)[0]!));
    expect(rowsOf(out)).toEqual(rowsOf(dir));
  });

  it('makes a W&B run of its own, so that sync does not put the same rows into the first one once more', async () => {
    const [dir, out, long] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    await logRun({ dir });
    await runCommand(['replay', join(dir, JOURNAL), '--wandb', out]);
    expect(readWandbRun(wandbLog(out)).run.id).toBe('digits-replay');
    expect(await faultsOf(dir, out)).toMatchObject({ faults: 0, kinds: [{ length: 4 }] });
    const id = 'x'.repeat(64);
    await logRun({ dir: long, id });
    await runCommand(['replay', join(long, `${id}.microbatch.jsonl`), '--wandb', join(long, 'out')]);
    expect(readWandbRun(wandbLog(join(long, 'out'))).run.id).toBe(`${'x'.repeat(57)}-replay`);
  });

  it('writes both parts of a resumed run again', async () => {
    const [dir, out] = [temporaryFolder(), temporaryFolder()];
    const { snapshot } = await logRun({ dir, snapshotAt: 14, until: 17, outcome: 'killed' });
    await logRun({ dir, snapshot: snapshot! });
    const journals = [JOURNAL, 'digits-2.microbatch.jsonl'].map((name) => join(dir, name));
    await runCommand(['replay', ...journals, '--tensorboard', out]);
    const [again, before] = [eventFiles(out), eventFiles(dir)];
    expect(again).toHaveLength(2);
    for (const at of [0, 1]) expect(await eventsOf(again[at]!)).toEqual(await eventsOf(before[at]!));
  });

  it.each([
    ['', []],
    [', on another axis', ['--step-axis', 'samples']],
    [', with the other choice', ['--log-accum-batch=false']],
  ])('writes a run that went on from checkpoints as one%s', async (_, options) => {
    const [dir, out] = [join(temporaryFolder(), 'run'), temporaryFolder()];
    await logCheckpointed({ dir, processes: [{ checkpointAt: 6, until: 13 }, { checkpointAt: 14, until: 17 }, {}] });
    const journals = ['', '-2', '-3'].map((part) => join(dir, `digits${part}.microbatch.jsonl`));
    const { code, stdout } = await runCommand([
      'replay',
      ...journals,
      '--tensorboard',
      out,
      '--wandb',
      out,
      ...options,
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('digits-3.microbatch.jsonl') });
    const isRecorded = options[0] !== '--log-accum-batch=false';
    expect(readWandbRun(wandbLog(out)).history).toHaveLength(isRecorded ? 5 : 20);
    const { faults, runs } = await verify([...journals, out]);
    expect({ faults, runs }).toMatchObject({ faults: 0, runs: [{ findings: [] }] });
    expect(await eventsOf(eventFiles(out)[0]!)).not.toHaveLength(0);
  });

  const schedule = gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.6 });
  it.each([
    [['--step-axis', 'micro']],
    [['--step-axis', 'accumulated']],
    [['--step-axis', 'samples']],
    [['--names', 'fastai']],
    [['--layout', 'split']],
    [['--log-accum-batch=false']],
    [['--log-accum-batch=false', '--step-axis', 'samples', '--names', 'fastai']],
  ])('rebuilds what verify finds nothing wrong with: %s', async (options) => {
    const [dir, out] = [temporaryFolder(), temporaryFolder()];
    await logRun({ dir, policy: schedule, values: { 3: { note: 1 } } });
    const result = await runCommand(['replay', join(dir, JOURNAL), '--tensorboard', out, '--wandb', out, ...options]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(await faultsOf(join(dir, JOURNAL), out)).toEqual(journaled);
  });

  it('smooths the losses of a run with the other choice as that run would have', async () => {
    const [dir, other, out] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    await logRun({ dir, isSkipped: (microStep) => microStep === 5 });
    const policy = gradientAccumulation({ accumBatchSize: 16, logAccumBatch: false });
    await logRun({ dir: other, policy, isSkipped: (microStep) => microStep === 5 });
    await runCommand(['replay', join(dir, JOURNAL), '--wandb', out, '--log-accum-batch=false', '--json']);
    expect(readWandbRun(wandbLog(out)).history).toHaveLength(20);
    expect(readWandbRun(wandbLog(out)).history).toEqual(readWandbRun(wandbLog(other)).history);
  });

  it('leaves out of smoothed losses what weighs nothing', async () => {
    const [dir, other, out] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b'), temporaryFolder()];
    const weight = (microStep: number) => (microStep % 4 === 2 ? 0 : 4);
    await logCheckpointed({ dir, processes: [{}], weight });
    const policy = gradientAccumulation({ accumBatchSize: 16, logAccumBatch: false });
    await logCheckpointed({ dir: other, processes: [{}], weight, policy });
    await runCommand(['replay', join(dir, JOURNAL), '--wandb', out, '--log-accum-batch=false']);
    expect(readWandbRun(wandbLog(out)).history).toEqual(readWandbRun(wandbLog(other)).history);
  });

  it('writes a W&B run of another id and project', async () => {
    const [dir, out] = [temporaryFolder(), temporaryFolder()];
    await logRun({ dir });
    const { stdout } = await runCommand([
      'replay',
      join(dir, JOURNAL),
      '--wandb',
      out,
      '--id',
      'again',
      '--project',
      'other',
      '--json',
    ]);
    const [{ outputs, end }] = JSON.parse(stdout).journals;
    expect(end).toBe('run-end');
    expect(readWandbRun(outputs[0].path).run).toMatchObject({ id: 'again', project: 'other' });
  });

  it('leaves out what is damaged or torn, and says so', async () => {
    const [dir, out] = [temporaryFolder(), temporaryFolder()];
    await logRun({ dir });
    const path = join(dir, JOURNAL);
    editJournal(dir, (lines) => lines.map((line, at) => (at === 5 ? '{"type":"micro-ba' : line)));
    truncateSync(path, statSync(path).size - 5);
    const { code, stdout, stderr } = await runCommand(['replay', path, '--tensorboard', out]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 7 can't be read/);
    expect(stdout).toMatch(/1 damaged line left out\n.*its last line is torn/);
    expect((await eventsOf(eventFiles(out)[0]!)).length).toBeGreaterThan(10);
  });

  it.each([
    ['no target', [], 2, /--tensorboard DIR, --wandb DIR, or both/],
    ['a folder that has event files', ['--tensorboard', '.'], 2, /has event files already/],
    ['a file for a folder', ['--tensorboard', JOURNAL], 2, /digits.microbatch.jsonl is no folder/],
    ['a file for the folder of a W&B run', ['--wandb', JOURNAL], 2, /digits.microbatch.jsonl.wandb is no folder/],
    [
      'an axis on which micro-batches share an x',
      ['--wandb', 'out', '--step-axis', 'accumulated', '--log-accum-batch=false'],
      2,
      /--step-axis 'accumulated' needs --log-accum-batch: true/,
    ],
    [
      "the split layout with fastai's names",
      ['--tensorboard', 'out', '--layout', 'split', '--names', 'fastai'],
      2,
      /layout 'split' needs/,
    ],
    ['a project that W&B does not take', ['--wandb', 'out', '--project', 'a/b'], 2, /project/],
    [
      'an unknown axis',
      ['--wandb', 'out', '--step-axis', 'epoch'],
      2,
      /Allowed choices are micro, accumulated, samples/,
    ],
  ])('refuses %s', async (_name, args, exitCode, message) => {
    const dir = temporaryFolder();
    await logRun({ dir });
    const below = args.map((arg) => (['.', 'out', JOURNAL].includes(arg) ? join(dir, arg) : arg));
    const { code, stderr } = await runCommand(['replay', join(dir, JOURNAL), ...below]);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
    expect(readdirSync(dir)).not.toContain('out');
  });

  it('refuses the journals of several runs, and what is no journal', async () => {
    const dir = temporaryFolder();
    await logRun({ dir, id: 'a' });
    await logRun({ dir, id: 'b' });
    const [a, b] = ['a', 'b'].map((id) => join(dir, `${id}.microbatch.jsonl`));
    expect(await runCommand(['replay', a!, b!, '--wandb', join(dir, 'out')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/several runs \(a, b\)/),
    });
    appendFileSync(join(dir, 'foreign'), 'hello');
    for (const name of ['foreign', 'gone']) {
      expect(await runCommand(['replay', join(dir, name), '--wandb', join(dir, 'out')])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(name),
      });
    }
    rmSync(a!);
  });
});
