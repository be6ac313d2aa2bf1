import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readEvents, SummaryWriter, type TensorLike } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

interface Delivery {
  readonly tensor: TensorLike;
  readonly deliver: (data?: number[]) => void;
  readonly fail: (error: Error) => void;
}

/** A tensor whose numbers come when the test says so. */
function pendingTensor(): Delivery {
  let settle: Omit<Delivery, 'tensor'>;
  const numbers = new Promise<number[]>((resolve, reject) => {
    settle = { deliver: (data = [1, 2]) => resolve(data), fail: reject };
  });
  return { tensor: { shape: [2], dtype: 'float32', data: () => numbers }, ...settle! };
}

async function stepsOf(path: string) {
  const events = await collect(readEvents(path));
  return {
    starts: events.flatMap((event) => (event.kind === 'session' ? [event.step] : [])),
    values: events.flatMap((event) => (event.kind === 'summary' ? [event.step] : [])),
  };
}

test('tensors are added in the order of the calls, whichever comes first', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const tensors = [pendingTensor(), pendingTensor(), pendingTensor()];
  const added = tensors.map(({ tensor }, at) => writer.addHistogram('h', tensor, at + 1));
  for (const at of [2, 0, 1]) tensors[at]!.deliver();
  await Promise.all(added);
  writer.close();
  expect((await stepsOf(writer.path)).values).toEqual([1, 2, 3]);
});

test('a tensor that cannot be read does not stop those after it', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const [lost, kept] = [pendingTensor(), pendingTensor()];
  const failed = writer.addHistogram('h', lost.tensor, 1);
  const added = writer.addHistogram('h', kept.tensor, 2);
  lost.fail(new Error('Tensor is disposed.'));
  kept.deliver();
  await expect(failed).rejects.toThrow("values can't be read: Tensor is disposed.");
  await added;
  writer.close();
  expect((await stepsOf(writer.path)).values).toEqual([2]);
});

test('the session starts at the first step asked for, not at the first that could be written', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const { tensor, deliver } = pendingTensor();
  const added = writer.addHistogram('h', tensor, 5);
  writer.addScalar('loss', 1, 6);
  deliver();
  await added;
  writer.close();
  expect((await stepsOf(writer.path)).starts.filter((step) => step !== Number.MAX_SAFE_INTEGER)).toEqual([5]);
});

test('a step that was only asked for counts no more once its tensor failed', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const { tensor, fail } = pendingTensor();
  const failed = writer.addHistogram('h', tensor, 5);
  fail(new Error('lost'));
  await expect(failed).rejects.toThrow();
  writer.addScalar('loss', 1, 6);
  writer.close();
  expect((await stepsOf(writer.path)).starts).toEqual([6]);
});

test('what the caller does to an array while a tensor is read does not show', async () => {
  const write = async (change: (labels: number[]) => void) => {
    const writer = new SummaryWriter(temporaryFolder());
    const { tensor, deliver } = pendingTensor();
    const labels = [0, 1];
    const added = writer.addPrCurve('p', labels, tensor, 1, { wallTime: 1 });
    change(labels);
    deliver([0.2, 0.9]);
    await added;
    writer.close();
    const events = await collect(readEvents(writer.path));
    return events.filter(({ kind }) => kind === 'summary');
  };
  expect(await write((labels) => labels.fill(1))).toEqual(await write(() => {}));
});

test('await using waits for tensors', async () => {
  const { tensor, deliver } = pendingTensor();
  let path: string;
  let added: Promise<void>;
  {
    await using writer = new SummaryWriter(temporaryFolder());
    path = writer.path;
    added = writer.addHistogram('h', tensor, 1);
    deliver();
  }
  await added;
  expect((await stepsOf(path)).values).toEqual([1]);
});

test('a tensor that comes after close is refused', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const { tensor, deliver } = pendingTensor();
  const added = writer.addHistogram('h', tensor, 1);
  writer.close();
  const before = readFileSync(writer.path);
  deliver();
  await expect(added).rejects.toThrow('was closed');
  expect(readFileSync(writer.path)).toEqual(before);
});

const absent = undefined as never;

test.each<[name: string, call: (writer: SummaryWriter) => unknown]>([
  ['values', (writer) => writer.addHistogram('t', absent)],
  ['image', (writer) => writer.addImage('t', absent)],
  ['images', (writer) => writer.addImages('t', absent)],
  ['samples', (writer) => writer.addAudio('t', absent)],
  ['predictions', (writer) => writer.addPrCurve('t', [1], absent)],
  ['vertices', (writer) => writer.addMesh('t', absent)],
  ['matrix', (writer) => writer.addEmbedding(absent)],
])('%s that are missing are refused by name', (name, call) => {
  using writer = new SummaryWriter(temporaryFolder());
  expect(() => call(writer)).toThrow(
    new TypeError(`${name} must be numbers, { shape, data } or a tensor, not undefined`),
  );
});
