import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeHParams, type EventListener, followRun, type OtherValue, SummaryWriter } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

function collect() {
  const points: [tag: string, step: number, value: number][] = [];
  const others: (OtherValue & { readonly offset: number })[] = [];
  const sessions: [string, number][] = [];
  const listener: EventListener = {
    scalars: (tag) => ({ add: (step, value) => points.push([tag, step, value]) }),
    other: (value) => others.push({ ...value, offset: follower.offset }),
    session: (status, step) => sessions.push([status, step]),
  };
  const follower = followRun(listener);
  return { follower, points, others, sessions };
}

test('a file that grows is read part by part, each value once', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  for (let step = 0; step < 50; step++) writer.addScalar(step % 2 === 0 ? 'even' : 'odd', step, step);
  writer.close();
  const whole = readFileSync(writer.path);
  const path = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(path, '');
  const { follower, points } = collect();
  let offset = 0;
  for (let at = 0; at < whole.length; at += 37) {
    appendFileSync(path, whole.subarray(at, at + 37));
    const stopped = await follower.read(path, offset);
    expect(['end', 'torn-record']).toContain(stopped.reason);
    offset = stopped.offset;
  }
  expect(offset).toBe(whole.length);
  expect(points).toEqual(Array.from({ length: 50 }, (_, step) => [step % 2 === 0 ? 'even' : 'odd', step, step]));
});

test('what is no scalar is told of where it lies, and decoded from there', async () => {
  const writer = new SummaryWriter(temporaryFolder(), { purgeStep: 7 });
  writer.addText('notes', 'before', 8);
  writer.addScalar('loss', 1, 8);
  writer.addHistogram('weights', { counts: [1, 2], edges: [0, 1, 2] }, 9);
  writer.addHParams({ rate: 0.5, name: 'a', on: false }, {}, { startTime: 12.25 });
  writer.close();
  const { follower, others, sessions } = collect();
  await follower.read(writer.path);
  expect(sessions).toEqual([['start', 7]]);
  expect(others.slice(0, 2)).toMatchObject([
    { tag: 'notes', kind: 'text', plugin: 'text', step: 8 },
    { tag: 'weights', kind: 'histogram', step: 9 },
  ]);
  const [text, histogram] = others;
  expect(await follower.event(writer.path, text!.offset)).toMatchObject({ values: [{ texts: ['before'] }] });
  const buckets = expect.arrayContaining([{ left: 1, right: 2, count: 2 }]);
  expect(await follower.event(writer.path, histogram!.offset)).toMatchObject({ values: [{ buckets }] });
  const start = others.find(({ tag }) => tag.endsWith('session_start_info'))!;
  const event = await follower.event(writer.path, start.offset);
  const value = event.kind === 'summary' ? event.values[0] : undefined;
  expect(decodeHParams((value as { content: Uint8Array }).content)).toEqual({
    kind: 'start',
    hparams: { rate: 0.5, name: 'a', on: false },
    groupName: expect.any(String),
    startTime: 12.25,
  });
});

test('a place where no event begins, and a file that became shorter, are told', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  writer.addScalar('loss', 1, 1);
  writer.close();
  const { follower } = collect();
  await expect(follower.event(writer.path, 3)).rejects.toMatchObject({ code: 'read-failed' });
  const { offset } = await follower.read(writer.path);
  await expect(follower.event(writer.path, offset)).rejects.toMatchObject({ code: 'read-failed' });
  expect(await follower.read(writer.path, offset + 1)).toEqual({ reason: 'truncated', offset: offset + 1 });
  renameSync(writer.path, `${writer.path}.gone`);
  await expect(follower.read(writer.path)).rejects.toMatchObject({ code: 'read-failed' });
});

test('content that is no message of the hparams plugin has no meaning', () => {
  expect(decodeHParams(Uint8Array.of(0x1a, 9, 1))).toBeUndefined();
  expect(decodeHParams(new Uint8Array())).toBeUndefined();
});

test('a listener that takes no scalars is refused', () => {
  expect(() => followRun({} as EventListener)).toThrow(TypeError);
});
