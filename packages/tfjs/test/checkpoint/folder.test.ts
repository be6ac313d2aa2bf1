import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointFolder, readCheckpoint } from '@microbatch/tfjs/checkpoints';
import { describe, expect, it, onTestFinished } from 'vitest';

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const name = (number: number) => `checkpoint-0000000${number}.microbatch`;

describe('a folder of checkpoints', () => {
  it('keeps the last two, or as many as it is told, the newest first', async () => {
    for (const [options, numbers] of [
      [{}, [4, 3]],
      [{ keep: 3 }, [4, 3, 2]],
      [{ keep: 1 }, [4]],
    ] as const) {
      const dir = join(emptyFolder(), 'made', 'here');
      const store = checkpointFolder(dir, options);
      expect(store.list()).toEqual([]);
      for (let number = 1; number <= 4; number++) await store.write([bytes(number), bytes(), bytes(7, 7)]);
      expect(readdirSync(dir).sort()).toEqual(numbers.map(name).reverse());
      const again = checkpointFolder(dir, options).list();
      expect(again.map((kept) => kept.name)).toEqual(numbers.map((number) => join(dir, name(number))));
      expect(again.map((kept) => [...kept.read()])).toEqual(numbers.map((number) => [number, 7, 7]));
    }
  });

  it('writes as many pieces as a model has weights, of any size', async () => {
    const dir = emptyFolder();
    const parts = Array.from({ length: 2500 }, (_, at) => new Uint8Array(at % 9).fill(at));
    parts.push(new Uint8Array(5_000_000).fill(3));
    await checkpointFolder(dir).write(parts);
    expect(readFileSync(join(dir, name(1))).equals(Buffer.concat(parts))).toBe(true);
  });

  it('removes what a killed process left half written, and nothing of the user’s', async () => {
    const dir = emptyFolder();
    writeFileSync(join(dir, `${name(7)}.123-abcdef01.tmp`), 'half');
    for (const own of ['notes.tmp', 'checkpoint.microbatch', 'model.json']) writeFileSync(join(dir, own), 'own');
    const store = checkpointFolder(dir, { keep: 1 });
    expect(store.list()).toEqual([]);
    await store.write([bytes(1)]);
    expect(readdirSync(dir).sort()).toEqual([name(1), 'checkpoint.microbatch', 'model.json', 'notes.tmp']);
  });

  it('leaves no trace of a write that fails, and goes on with the next', async () => {
    const dir = emptyFolder();
    const store = checkpointFolder(dir);
    await store.write([bytes(1)]);
    await expect(store.write([bytes(2), 'no bytes' as never])).rejects.toThrow(TypeError);
    expect(readdirSync(dir)).toEqual([name(1)]);
    await store.write([bytes(2)]);
    expect([...readFileSync(join(dir, name(2)))]).toEqual([2]);
  });

  it('tells of another process that writes there', async () => {
    const dir = emptyFolder();
    const [one, other] = [checkpointFolder(dir), checkpointFolder(dir)];
    one.list();
    other.list();
    await one.write([bytes(1)]);
    await expect(other.write([bytes(2)])).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining(name(1)),
    });
    await other.write([bytes(2)]);
    expect([...readFileSync(join(dir, name(2)))]).toEqual([2]);
  });

  it('tells one of two processes that write there at the same moment', async () => {
    const dir = emptyFolder();
    const stores = [checkpointFolder(dir, { keep: 1 }), checkpointFolder(dir, { keep: 1 })];
    // Each has looked around before: a first write removes what others have half written.
    for (const store of stores) await store.write([bytes(9)]);
    await expect(stores[0]!.write([bytes(9)])).rejects.toMatchObject({ code: 'in-use' });
    const written = await Promise.allSettled(stores.map((store, at) => store.write([bytes(at)])));
    const refused = written.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([{ reason: { code: 'in-use' } }]);
    const kept = written.findIndex(({ status }) => status === 'fulfilled');
    expect([...readFileSync(join(dir, name(3)))]).toEqual([kept]);
    expect(readdirSync(dir)).toEqual([name(3)]);
  });

  it.each([
    [[''], TypeError, 'dir must be a folder\'s path, not ""'],
    [[5], TypeError, 'not 5'],
    [['x', { keep: 0 }], RangeError, 'keep must be a positive integer, not 0'],
    [['x', { keep: '2' }], TypeError, 'not "2"'],
    [['x', { kept: 2 }], TypeError, 'checkpointFolder: unknown option kept (2)'],
  ])('is not made of %j', (args, type, message) => {
    const make = () => checkpointFolder(...(args as [string]));
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

it('says which file is no checkpoint', () => {
  const path = join(emptyFolder(), 'some.json');
  writeFileSync(path, '{"some":"json file"}');
  expect(() => readCheckpoint(path)).toThrow(`checkpoint ${path}: it does not begin as a checkpoint does`);
});
