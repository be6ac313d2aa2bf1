import { lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LoggerError, LoggerNotice, RunInfo, TrainEvent } from '@microbatch/core/logger';
import { sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { readWandbLog, readWandbRun, type WandbOptions, wandbSink } from '../src/index.js';
import { emptyFolder, logPath, runFolders } from './folders.js';

type Events = readonly TrainEvent[];

function runOf(events: Events): RunInfo {
  return (events[0] as TrainEvent & { type: 'run-start' }).run;
}

/** Writes a whole run and returns its folder. */
function written(events: Events, options: WandbOptions = {}, run: RunInfo = runOf(events)): string {
  const dir = options.dir ?? emptyFolder();
  const sink = wandbSink({ quiet: true, ...options, dir });
  sink.open(run);
  sink.write(events);
  const end = events.at(-1);
  sink.close(end?.type === 'run-end' ? end.outcome : 'stopped');
  return runFolders(dir).at(-1)!;
}

describe('an offline run', () => {
  it('holds the run, its config, metrics, rows, summary and exit, in this order', () => {
    const events = sampleRun({ values: { note: 'größer' } });
    const config = {
      lr: 0.003,
      'a.b/c': { deep: [1, null, { x: 'ü"' }] },
      nan: Number.NaN,
      up: Infinity,
      nothing: null,
    };
    const run = { ...runOf(events), config, tags: ['first', 'ünï'] };
    const options = { entity: 'team', notes: 'some notes', group: 'g', jobType: 'train' };
    const folder = written(events, options, run);
    const result = readWandbRun(folder);
    expect(result.damage).toEqual([]);
    expect(result.run).toMatchObject({
      id: 'sample',
      entity: 'team',
      project: 'conformance',
      name: 'run sample',
      notes: 'some notes',
      group: 'g',
      jobType: 'train',
      tags: ['first', 'ünï'],
      startedAt: run.startedAt,
    });
    expect(result.config).toEqual({ ...config, nan: null });
    expect(result.metrics.map(({ name }) => name)).toEqual([
      'trainer/micro_step',
      'trainer/step',
      'trainer/samples',
      'epoch',
    ]);
    const batches = events.filter((event) => event.type === 'accumulated-batch');
    expect(result.history.map((row) => row._step)).toEqual(batches.map(({ step }) => step - 1));
    expect(result.history.map((row) => row['train/loss'])).toEqual(batches.map(({ loss }) => loss));
    const last = result.history.at(-1)!;
    expect(result.summary).toMatchObject({ ...last, note: 'größer', _wandb: { runtime: 0 } });
    expect(result.exit).toEqual({ exitCode: 0, runtime: 0 });

    const { records } = readWandbLog(logPath(folder));
    expect(records.map(({ num }) => num)).toEqual(records.map((_, at) => at + 1));
    const types = records.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    expect(types).toEqual(['header', 'run', 'files', 'metric', 'history', 'summary', 'exit', 'final']);
    // Readers take a row's step from its items alone.
    for (const { content } of records.filter(({ type }) => type === 'history')) {
      const item = (content.item as { nestedKey: string[]; valueJson: string }[]).find(
        (it) => it.nestedKey[0] === '_step',
      );
      expect(item?.valueJson).toBe(String((content.step as { num?: number }).num ?? 0));
    }
  });

  it('keeps every double, and numbers that are not finite', () => {
    const values = [0.1 + 0.2, -0, 5e-324, 1.7976931348623157e308, Number.NaN, Infinity, -Infinity, 1 / 3];
    const events = sampleRun({ logAccumBatch: false, loss: (microStep) => values[microStep % values.length]! });
    const { history } = readWandbRun(written(events));
    expect(history.map((row) => row['train/loss'])).toEqual(history.map((_, at) => values[(at + 1) % values.length]));
  });

  it("takes fastai's names", () => {
    const { history } = readWandbRun(written(sampleRun(), { names: 'fastai' }));
    const keys = ['raw_loss', 'train_loss', 'lr_0', 'accumulation_batch_size', 'valid_loss'];
    expect(history.at(-1)).toMatchObject(Object.fromEntries(keys.map((key) => [key, expect.any(Number)])));
  });

  it.each([
    ['finished', 0],
    ['failed', 1],
    ['stopped', 255],
  ] as const)('that is %s exits with %i', (outcome, exitCode) => {
    expect(readWandbRun(written(sampleRun({ outcome }))).exit?.exitCode).toBe(exitCode);
  });

  it('writes a summary on the way, for a run that is killed', () => {
    const events = sampleRun();
    const slow = events.map((event, at) => ({ ...event, time: event.time + at * 20_000 }));
    const { records } = readWandbLog(logPath(written(slow)));
    const types = records.map(({ type }) => type);
    expect(types.indexOf('summary')).toBeLessThan(types.lastIndexOf('history'));
    const { summary, history } = readWandbRun(written(slow));
    expect(summary._step).toBe(history.at(-1)!._step);
  });

  it('is whole after exitSync, with the open row', () => {
    const dir = emptyFolder();
    const events = sampleRun();
    const upTo = events.findLastIndex(({ type }) => type === 'accumulated-batch') + 1;
    const sink = wandbSink({ dir, quiet: true });
    sink.open(runOf(events));
    sink.write(events.slice(0, upTo));
    sink.exitSync?.('failed');
    const { history, summary, exit, damage } = readWandbRun(runFolders(dir)[0]!);
    expect([history.at(-1)?._step, summary._step]).toEqual([history.length - 1, history.length - 1]);
    expect(exit).toEqual({ exitCode: 1, runtime: 0 });
    expect(damage).toEqual([]);
  });

  it('refuses the accumulated axis where micro-batches are recorded', () => {
    const events = sampleRun({ logAccumBatch: false });
    expect(() => written(events, { stepAxis: 'accumulated' })).toThrow(/stepAxis 'accumulated' needs logAccumBatch/);
  });

  it('writes nothing when disabled', () => {
    const dir = emptyFolder();
    const sink = wandbSink({ dir, mode: 'disabled' });
    sink.open(runOf(sampleRun()));
    sink.write(sampleRun());
    sink.close('finished');
    expect(runFolders(dir)).toEqual([]);
  });
});

describe('the run folder', () => {
  it('is never that of another run, even of the same id and second', () => {
    const dir = emptyFolder();
    const first = written(sampleRun({ microBatches: 4 }), { dir });
    const before = readFileSync(logPath(first));
    const second = written(sampleRun(), { dir });
    expect(runFolders(dir)).toEqual([first, second].sort());
    expect(readFileSync(logPath(first)).equals(before)).toBe(true);
    expect(basename(second)).toMatch(/^offline-run-\d{8}_\d{6}-sample$/);
    expect(basename(logPath(second))).toBe('run-sample.wandb');
  });

  it('has files/, and latest-run leads to it', () => {
    const dir = emptyFolder();
    written(sampleRun({ id: 'one' }), { dir });
    const folder = written(sampleRun({ id: 'two' }), { dir });
    const newest = runFolders(dir).find((path) => path.endsWith('-two'))!;
    expect(lstatSync(join(folder, 'files')).isDirectory()).toBe(true);
    expect(readlinkSync(join(dir, 'wandb', 'latest-run'))).toBe(basename(newest));
  });

  it("that can't be made is an error that names dir", () => {
    const dir = join(emptyFolder(), 'a-file');
    writeFileSync(dir, '');
    const sink = wandbSink({ dir, quiet: true });
    let error: LoggerError | undefined;
    try {
      sink.open(runOf(sampleRun()));
    } catch (caught) {
      error = caught as LoggerError;
    }
    expect(error).toMatchObject({ name: 'LoggerError', code: 'open-failed' });
    expect(error?.message).toContain(`dir ${JSON.stringify(dir)}`);
    expect(error?.cause).toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('reading a log', () => {
  it('gives all whole records before a cut at any byte', () => {
    const folder = written(sampleRun({ microBatches: 6 }));
    const whole = readFileSync(logPath(folder));
    const { records } = readWandbLog(logPath(folder));
    const cutPath = join(emptyFolder(), 'cut.wandb');
    for (let cut = 7; cut < whole.length; cut++) {
      writeFileSync(cutPath, whole.subarray(0, cut));
      const { records: left, damage } = readWandbLog(cutPath);
      const complete = records.filter((_, at) => (records[at + 1]?.offset ?? whole.length) <= cut);
      expect(left).toEqual(complete);
      const end = records[complete.length]!.offset;
      expect(damage).toEqual(cut === end ? [] : [{ offset: end, reason: 'the last record is cut off' }]);
    }
  });

  it('refuses a file that is no log, by name', () => {
    const path = join(emptyFolder(), 'run-x.wandb');
    for (const bytes of ['', ':W&B', '{"not": "a log"}']) {
      writeFileSync(path, bytes);
      expect(() => readWandbLog(path)).toThrow(expect.objectContaining({ code: 'not-a-log' }));
      expect(() => readWandbLog(path)).toThrow(path);
    }
  });

  it('looks for the log in a run folder, and says when there is none', () => {
    const empty = emptyFolder();
    expect(() => readWandbRun(empty)).toThrow(expect.objectContaining({ code: 'not-a-log' }));
  });
});

describe('notices', () => {
  it('go to onNotice, and leave the rows whole', () => {
    const notices: LoggerNotice[] = [];
    const values = { before: 1, table: { kind: 'table', columns: ['a'], rows: [[1, 2]] }, after: 2 } as const;
    const folder = written(sampleRun({ values }), { onNotice: (notice) => notices.push(notice) });
    expect(readWandbRun(folder).history[0]).toMatchObject({ before: 1, after: 2 });
    expect(notices).toEqual([expect.objectContaining({ level: 'warn', code: 'value-dropped' })]);
  });
});
