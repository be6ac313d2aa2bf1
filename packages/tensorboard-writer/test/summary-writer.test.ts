import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventFileError, readEvents, readScalars, SummaryWriter } from '../src/index.js';
import { collect } from './collect.js';
import { expectRefused } from './expect-refused.js';
import { temporaryFolder } from './temporary-folder.js';

const seconds = fc.double({ min: 0, max: 9e10, noNaN: true });
const point = fc.record({
  // Lone surrogates have no UTF-8.
  tag: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
  value: fc.double(),
  step: fc.maxSafeNat(),
  wallTime: seconds,
});

test('what is added is read back: tags, 32-bit values, steps, times, order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(point, { maxLength: 40 }), async (points) => {
      const writer = new SummaryWriter(temporaryFolder());
      for (const { tag, value, step, wallTime } of points) writer.addScalar(tag, value, step, wallTime);
      writer.close();
      const events = await collect(readEvents(writer.path));
      expect(events.filter(({ kind }) => kind === 'summary')).toEqual(
        points.map(({ tag, value, step, wallTime }) => ({
          kind: 'summary',
          // -0 is zero to protobuf, which leaves zeros out.
          wallTime,
          step,
          values: [{ kind: 'scalar', tag, value: Math.fround(value) }],
        })),
      );
    }),
    { numRuns: 60 },
  );
});

test('step is 0 and the time is now where they are left out', async () => {
  const before = Date.now() / 1000;
  const writer = new SummaryWriter(temporaryFolder());
  writer.addScalar('final/accuracy', 0.5);
  writer.close();
  const { steps, wallTimes } = (await readScalars(writer.path)).series.get('final/accuracy')!;
  expect([...steps]).toEqual([0]);
  expect(wallTimes[0]).toBeGreaterThanOrEqual(before);
  expect(wallTimes[0]).toBeLessThanOrEqual(Date.now() / 1000);
});

const badCalls: [name: string, call: (writer: SummaryWriter) => void, error: typeof TypeError, message: RegExp][] = [
  ['empty tag', (w) => w.addScalar('', 1, 1), TypeError, /tag must not be empty/],
  ['tag no string', (w) => w.addScalar(7 as never, 1, 1), TypeError, /tag must be a string, not 7/],
  ['value no number', (w) => w.addScalar('t', '1' as never, 1), TypeError, /value must be a number, not '1'/],
  ['value bigint', (w) => w.addScalar('t', 1n as never, 1), TypeError, /value must be a number, not 1n/],
  ['fractional step', (w) => w.addScalar('t', 1, 1.5), RangeError, /step must be an integer.*, not 1\.5/],
  ['negative step', (w) => w.addScalar('t', 1, -1), RangeError, /step .*not -1/],
  ['huge step', (w) => w.addScalar('t', 1, 2 ** 53), RangeError, /step .*not 9007199254740992/],
  ['NaN step', (w) => w.addScalar('t', 1, Number.NaN), RangeError, /step .*not NaN/],
  ['null step', (w) => w.addScalar('t', 1, null as never), TypeError, /step must be a number, not null/],
  ['NaN time', (w) => w.addScalar('t', 1, 1, Number.NaN), RangeError, /wallTime .*not NaN/],
  ['time in ms', (w) => w.addScalar('t', 1, 1, 1.7e12), RangeError, /wallTime must be seconds.*not 1700000000000/],
  ['negative time', (w) => w.addScalar('t', 1, 1, -1), RangeError, /wallTime .*not -1/],
  ['no object', (w) => w.addScalars('t', 3 as never, 1), TypeError, /tagScalars must be an object of numbers, not 3/],
  [
    'an array',
    (w) => w.addScalars('t', [1] as never, 1),
    TypeError,
    /tagScalars must be an object of numbers, not \[ 1/,
  ],
  ['one bad value', (w) => w.addScalars('t', { a: 1, b: '2' as never }, 1), TypeError, /tagScalars\["b"\] .*'2'/],
  ['empty key', (w) => w.addScalars('t', { '': 1 }, 1), TypeError, /a key of tagScalars must not be empty/],
  ['empty main tag', (w) => w.addScalars('', { a: 1 }, 1), TypeError, /mainTag must not be empty/],
];

test.each(badCalls)('%s: refused by name and value, nothing written', (_, call, errorClass, message) => {
  expectRefused(call, errorClass, message);
});

test.each([[''], [undefined], [7]])('logDir %j is refused', (logDir) => {
  expect(() => new SummaryWriter(logDir as never)).toThrow(TypeError);
});

test('a folder that cannot be made: one clear error', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const logDir = join(file, 'run');
  const failure = thrownBy(() => new SummaryWriter(logDir));
  expect(failure).toMatchObject({ code: 'open-failed', path: logDir, cause: { code: 'ENOTDIR' } });
  expect(failure.message).toContain(`logDir ${JSON.stringify(logDir)}`);
  expect(thrownBy(() => new SummaryWriter(file))).toMatchObject({ code: 'open-failed', cause: { code: 'ENOTDIR' } });
});

test('after close every method throws, but close and the disposers', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  writer.addScalar('t', 1, 1);
  writer.close();
  const before = readFileSync(writer.path);
  writer.close();
  writer[Symbol.dispose]();
  await writer[Symbol.asyncDispose]();
  for (const call of [
    () => writer.addScalar('t', 2, 2),
    () => writer.addScalars('t', { a: 2 }, 2),
    () => writer.flush(),
  ]) {
    expect(thrownBy(call)).toMatchObject({ code: 'closed', path: writer.path });
  }
  expect(readFileSync(writer.path).equals(before)).toBe(true);
});

test('using closes', () => {
  let kept: SummaryWriter;
  {
    using writer = new SummaryWriter(temporaryFolder());
    kept = writer;
  }
  expect(() => kept.flush()).toThrow(/was closed/);
});

test('addScalars makes a run of its own for each curve, all with the one tag', async () => {
  const logDir = temporaryFolder();
  const writer = new SummaryWriter(logDir);
  writer.addScalars('loss/both', { train: 1, valid: 2 }, 3, 4);
  writer.addScalars('loss/both', { train: 5 }, 6, 7);
  writer.close();
  const read = async (folder: string) => (await readScalars(join(logDir, folder))).series.get('loss/both');
  expect(await read('loss_both_train')).toEqual({
    steps: Float64Array.of(3, 6),
    values: Float64Array.of(1, 5),
    wallTimes: Float64Array.of(4, 7),
  });
  expect([...((await read('loss_both_valid'))?.values ?? [])]).toEqual([2]);
});

test('keys of addScalars make no paths, and tags that make one folder share its file', async () => {
  const parent = temporaryFolder();
  const logDir = join(parent, 'logs');
  using writer = new SummaryWriter(logDir);
  writer.addScalars('../../up', { 'a/../b': 1 }, 1);
  writer.addScalars('m/n', { k: 1 }, 1);
  writer.addScalars('m_n', { k: 2 }, 1);
  expect(readdirSync(logDir).filter((name) => !name.includes('tfevents'))).toEqual(['.._.._up_a_.._b', 'm_n_k']);
  expect(readdirSync(parent)).toEqual(['logs']);
  writer.flush();
  expect([...(await readScalars(join(logDir, 'm_n_k'))).series.keys()]).toEqual(['m/n', 'm_n']);
});

test.each([
  ['by default at the first value', {}, 40],
  ['with purgeStep where it says', { purgeStep: 7 }, 7],
])('the session starts %s', async (_, options, step) => {
  const writer = new SummaryWriter(temporaryFolder(), options);
  writer.addScalar('t', 1, 40);
  writer.addScalar('t', 1, 41);
  writer.close();
  const events = await collect(readEvents(writer.path));
  expect(events.map(({ kind }) => kind)).toEqual(['file-version', 'session', 'summary', 'summary']);
  expect(events[1]).toMatchObject({ status: 'start', step });
});

test.each([
  ['hides nothing', {}, Number.MAX_SAFE_INTEGER],
  ['takes over at purgeStep', { purgeStep: 7 }, 7],
])('a file without values has a session start too, once, that %s', async (_, options, step) => {
  const writer = new SummaryWriter(temporaryFolder(), options);
  writer.flush();
  const expected = [{ kind: 'file-version' }, { kind: 'session', status: 'start', step }];
  expect(await collect(readEvents(writer.path))).toMatchObject(expected);
  writer.flush();
  writer.close();
  expect(await collect(readEvents(writer.path))).toMatchObject(expected);
});

test.each([
  ['by default', {}, [Number.MAX_SAFE_INTEGER, 40]],
  ['with purgeStep', { purgeStep: 7 }, [7]],
])('a value that comes after a flush still takes over from earlier files, %s', async (_, options, steps) => {
  const writer = new SummaryWriter(temporaryFolder(), options);
  writer.flush();
  writer.addScalar('t', 1, 40);
  writer.close();
  const events = await collect(readEvents(writer.path));
  expect(events.filter(({ kind }) => kind === 'session').map((event) => event.step)).toEqual(steps);
  expect(events.at(-1)).toMatchObject({ kind: 'summary', step: 40 });
});

test('purgeStep is checked before a file is made', () => {
  const logDir = join(temporaryFolder(), 'run');
  expect(() => new SummaryWriter(logDir, { purgeStep: -1 })).toThrow(RangeError);
  expect(existsSync(logDir)).toBe(false);
});

function thrownBy(call: () => unknown): EventFileError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(EventFileError);
    return error as EventFileError;
  }
  throw new Error('nothing was thrown');
}
