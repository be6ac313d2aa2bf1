import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ActiveRun, readWandbLog, readWandbRun, type StartRunOptions, startRun } from '../src/index.js';
import { emptyFolder, logPath, runFolders } from './folders.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WANDB_')) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

async function started(options: StartRunOptions = {}): Promise<{ run: ActiveRun; notices: LoggerNotice[] }> {
  const notices: LoggerNotice[] = [];
  const onNotice = (notice: LoggerNotice) => notices.push(notice);
  const run = await startRun({ dir: emptyFolder(), quiet: true, onNotice, ...options });
  return { run, notices };
}

/** The rows that a run's log holds, without the clocks. */
function rowsOf(run: ActiveRun): Record<string, unknown>[] {
  return readWandbRun(run.path).history.map(({ _timestamp, _runtime, ...row }) => row);
}

describe('log', () => {
  it('without a step makes a row of each call', async () => {
    const { run } = await started();
    run.log({ loss: 2 });
    run.log({ loss: 1, 'a.b/c': 'text' });
    expect(run.step).toBe(2);
    await run.finish();
    expect(rowsOf(run)).toEqual([
      { _step: 0, loss: 2 },
      { _step: 1, loss: 1, 'a.b/c': 'text' },
    ]);
  });

  it('merges calls of one step, and closes the row at a later one', async () => {
    const { run, notices } = await started();
    run.log({ a: 1 }, { step: 3 });
    run.log({ b: 2 }, { step: 3 });
    run.log({ c: 3 }, { step: 7 });
    run.log({ d: 4 });
    run.log({ e: 5 });
    await run.finish();
    expect(rowsOf(run)).toEqual([
      { _step: 3, a: 1, b: 2 },
      { _step: 7, c: 3, d: 4 },
      { _step: 8, e: 5 },
    ]);
    expect(notices).toEqual([]);
  });

  it('takes commit as the Python client does', async () => {
    const { run } = await started();
    run.log({ a: 1 }, { commit: false });
    run.log({ b: 2 });
    run.log({ c: 3 }, { step: 5, commit: true });
    run.log({ d: 4 }, { commit: false });
    await run.finish();
    expect(rowsOf(run)).toEqual([
      { _step: 0, a: 1, b: 2 },
      { _step: 5, c: 3 },
      { _step: 6, d: 4 },
    ]);
  });

  it("refuses an older step with the Python client's words, and goes on", async () => {
    const { run, notices } = await started();
    run.log({ a: 1 }, { step: 5 });
    run.log({ lost: 1 }, { step: 3 });
    run.log({ b: 1 }, { step: 5, commit: true });
    run.log({ lost: 2 }, { step: 5 });
    await run.finish();
    expect(rowsOf(run)).toEqual([{ _step: 5, a: 1, b: 1 }]);
    expect(notices.map(({ code }) => code)).toEqual(['step-refused']);
    expect(notices[0]!.message).toMatch(/^Tried to log to step 3 that is less than the current step 5\. Steps must be/);
  });

  it('keeps the rest of a row where one value has no form, and says which', async () => {
    const { run, notices } = await started();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    run.log({ before: 1, circle, symbol: Symbol('x'), _step: 9, after: 2 });
    await run.finish();
    expect(rowsOf(run)).toEqual([{ _step: 0, before: 1, after: 2 }]);
    expect(notices.map(({ code, message }) => [code, message.split(' ')[0]])).toEqual([
      ['value-dropped', '"circle"'],
      ['value-dropped', '"symbol"'],
      ['value-dropped', '"_step"'],
    ]);
  });

  it('of a strict run throws for such a value when the others are in', async () => {
    const { run } = await started({ strict: true });
    expect(() => run.log({ before: 1, bad: Symbol('x'), after: 2 })).toThrow(
      expect.objectContaining({ name: 'LoggerError', code: 'value-dropped' }),
    );
    run.log({ a: 1 }, { step: 4 });
    expect(() => run.log({ a: 1 }, { step: 2 })).toThrow(expect.objectContaining({ code: 'step-refused' }));
    await run.finish();
    expect(rowsOf(run)).toEqual([
      { _step: 0, before: 1, after: 2 },
      { _step: 4, a: 1 },
    ]);
  });

  it.each([
    [undefined, /log: the values must be an object, not undefined/],
    [[1], /not \[1\]/],
    ['loss', /not "loss"/],
    [new Map([['loss', 1]]), /must be an object/],
    [new Float32Array(2), /must be an object/],
    [new Date(0), /must be an object/],
  ])('refuses %j by name', async (values, message) => {
    const { run } = await started();
    expect(() => run.log(values as never)).toThrow(message);
    await run.finish();
  });

  it.each([-1, 1.5, '3', Number.NaN])('refuses the step %j by name', async (step) => {
    const { run } = await started();
    expect(() => run.log({ a: 1 }, { step: step as number })).toThrow(/step must be .* not/);
    await run.finish();
    expect(rowsOf(run)).toEqual([]);
  });

  it('converts what JavaScript has, as Python would the like', async () => {
    const { run, notices } = await started();
    const values = {
      big: 2n ** 60n,
      date: new Date(0),
      list: new Float32Array([1, 2]),
      one: new Float64Array([7]),
      many: new Float64Array(100).fill(1),
      nested: { deep: { er: [1, 'x', null] } },
      nothing: null,
      missing: undefined,
      fn: started,
      nan: Number.NaN,
      map: new Map([['k', 1]]),
    };
    run.log(values);
    await run.finish();
    const [row] = rowsOf(run);
    expect(row).toMatchObject({
      date: '1970-01-01T00:00:00.000Z',
      list: [1, 2],
      one: 7,
      many: { _type: 'histogram' },
      nested: { deep: { er: [1, 'x', null] } },
      nothing: null,
      fn: 'started',
      nan: Number.NaN,
      map: { k: 1 },
    });
    expect(Number(row!.big)).toBe(2 ** 60);
    expect(notices.map(({ message }) => message.split(' ')[0])).toEqual(['"missing"']);
  });
});

describe('a run', () => {
  it('has its config, summary, metrics and files in the log', async () => {
    const { run } = await started({ project: 'demo', config: { lr: 0.1 }, metrics: { loss: { summary: 'min' } } });
    run.defineMetric('val/*', { stepMetric: 'epoch' });
    run.config.update({ batch: 8, nested: { a: 1 } });
    run.log({ loss: 1, 'val/acc': 0.5 });
    run.log({ loss: 3 });
    run.summary.update({ best: 0.9, deep: { er: 1 } });
    const source = join(emptyFolder(), 'notes.txt');
    writeFileSync(source, 'hello');
    const [saved] = run.save(source, { policy: 'now' });
    expect(readFileSync(join(run.path, 'files', saved!), 'utf8')).toBe('hello');
    expect(run.summary.values).toMatchObject({ loss: { min: 1 }, best: 0.9, deep: { er: 1 } });
    expect(run.config.values).toEqual({ lr: 0.1, batch: 8, nested: { a: 1 } });
    await run.finish();
    const result = readWandbRun(run.path);
    expect(result).toMatchObject({
      run: { id: run.id, project: 'demo' },
      config: { lr: 0.1, batch: 8, nested: { a: 1 } },
      summary: { loss: { min: 1 }, best: 0.9, deep: { er: 1 }, 'val/acc': 0.5 },
      exit: { exitCode: 0 },
      damage: [],
    });
    expect(result.metrics.map(({ name, globName }) => name ?? globName)).toEqual(['loss', 'val/*', 'val/acc']);
    const { records } = readWandbLog(logPath(run.path));
    expect(records.filter(({ type }) => type === 'files').map(({ content }) => content.files)).toEqual([
      [expect.objectContaining({ path: 'wandb-metadata.json', type: 1 })],
      [{ path: saved }],
    ]);
  });

  it('has a changed config value only where that is allowed', async () => {
    const { run } = await started({ config: { lr: 0.1 } });
    run.config.update({ lr: 0.1 });
    expect(() => run.config.update({ lr: 0.2, other: 1 })).toThrow(/config\.lr is 0\.1 and can't become 0\.2/);
    run.config.update({ lr: 0.2 }, { allowValueChange: true });
    await run.finish();
    expect(readWandbRun(run.path).config).toEqual({ lr: 0.2 });
  });

  it('says so when it is used after its end, and finishes once', async () => {
    const { run } = await started();
    await Promise.all([run.finish(3), run.finish(4)]);
    expect(readWandbRun(run.path).exit?.exitCode).toBe(3);
    expect(() => run.log({ a: 1 })).toThrow(expect.objectContaining({ code: 'not-open' }));
    expect(() => run.config.update({ a: 1 })).toThrow(expect.objectContaining({ code: 'not-open' }));
    await run[Symbol.asyncDispose]();
  });

  it('is whole in one folder, wherever the program goes', async () => {
    const [dir, elsewhere] = [emptyFolder(), emptyFolder()];
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(dir);
    const { run } = await started({ dir: '.' });
    process.chdir(elsewhere);
    run.log({ scores: { kind: 'table', columns: ['a'], rows: [[1]] } });
    writeFileSync('notes.txt', 'hello');
    run.save('notes.txt');
    await run.finish();
    expect(readdirSync(elsewhere)).toEqual(['notes.txt']);
    expect(readFileSync(join(run.path, 'files/notes.txt'), 'utf8')).toBe('hello');
    expect(existsSync(join(run.path, 'files/media/table'))).toBe(true);
  });

  it('says that there is nothing to save, and goes on', async () => {
    const { run, notices } = await started();
    expect(run.save('no-such-*')).toEqual([]);
    run.log({ a: 1 });
    await run.finish();
    expect(notices.map(({ code }) => code)).toEqual(['file-not-found']);
    expect(() => run.save('no-such-*')).toThrow(expect.objectContaining({ code: 'not-open' }));
  });

  it.each([Number.NaN, 1.5, '1', 2 ** 40])('refuses the exit code %j, and can be finished', async (exitCode) => {
    const { run } = await started();
    expect(() => run.finish(exitCode as number)).toThrow(/exit code must be a whole number/);
    await run.finish(7);
    expect(readWandbRun(run.path).exit?.exitCode).toBe(7);
  });

  it('outlives an onNotice that throws', async () => {
    const run = await startRun({
      dir: emptyFolder(),
      quiet: true,
      onNotice() {
        throw new Error('mine');
      },
    });
    run.log({ bad: Symbol('x'), good: 1 });
    await run.finish();
    expect(rowsOf(run)).toEqual([{ _step: 0, good: 1 }]);
  });

  it('that is disabled takes everything, writes nothing, and has a summary', async () => {
    const dir = emptyFolder();
    const { run } = await started({ dir, mode: 'disabled' });
    run.log({ loss: 1 });
    run.log({ img: { kind: 'table', columns: ['a'], rows: [[1]] } });
    run.save('no-such-file');
    run.log({ list: [1], deep: { er: true } });
    run.flush();
    expect(run.summary.values).toMatchObject({ loss: 1, list: [1], deep: { er: true } });
    await run.finish();
    expect([run.path, runFolders(dir)]).toEqual(['', []]);
  });

  it.each([
    ['stepAxis', 'micro'],
    ['names', 'fastai'],
    ['transport', 'sdk'],
  ])('has no option %s', async (name, value) => {
    const dir = emptyFolder();
    await expect(startRun({ dir, [name]: value } as never)).rejects.toThrow(`${name} is an option of wandb() alone`);
    expect(runFolders(dir)).toEqual([]);
  });

  it('is not begun where its folder can not be made', async () => {
    const dir = join(emptyFolder(), 'file');
    writeFileSync(dir, '');
    await expect(startRun({ dir, quiet: true })).rejects.toMatchObject({ name: 'LoggerError', code: 'open-failed' });
  });
});

describe("a sweep's run", () => {
  it('keeps the parameters that the agent chose', async () => {
    const path = join(emptyFolder(), 'parameters.yaml');
    writeFileSync(path, 'wandb_version: 1\nlr:\n  value: 0.5\n');
    vi.stubEnv('WANDB_SWEEP_ID', 'sweep1');
    vi.stubEnv('WANDB_RUN_ID', 'run1');
    vi.stubEnv('WANDB_SWEEP_PARAM_PATH', path);
    const { run, notices } = await started({ config: { lr: 0.1, batch: 8 } });
    run.config.update({ lr: 0.2, other: 1 }, { allowValueChange: true });
    await run.finish();
    expect(readWandbRun(run.path)).toMatchObject({ run: { id: 'run1' }, config: { lr: 0.5, batch: 8, other: 1 } });
    expect(notices.map(({ code }) => code)).toEqual(['config-locked']);
    const [record] = readWandbLog(logPath(run.path)).records.filter(({ type }) => type === 'run');
    expect(record!.content.sweepId).toBe('sweep1');
  });
});
