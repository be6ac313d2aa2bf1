import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRuns, readScalars, SummaryWriter } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

function treeOf(...files: string[]): string {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return root;
}

const namesOf = async (root: string) => (await findRuns(root)).map(({ name }) => name);

test('runs are the folders that hold event files, by name, sorted', async () => {
  const root = treeOf(
    'b/events.out.tfevents.1.h',
    'a/10/events.out.tfevents.1.h',
    'a/2/events.out.tfevents.1.h',
    'a/2/events.out.tfevents.2.h',
    'a/notes.txt',
    'empty/x/notes.txt',
  );
  mkdirSync(join(root, 'c/my.tfevents.folder'), { recursive: true });
  expect(await namesOf(root)).toEqual([join('a', '10'), join('a', '2'), 'b']);
  writeFileSync(join(root, 'x.tfevents'), '');
  expect(await namesOf(root)).toEqual(['.', join('a', '10'), join('a', '2'), 'b']);
});

test('what findRuns gives, readScalars reads', async () => {
  const root = temporaryFolder();
  for (const [value, name] of ['one', 'two'].entries()) {
    using writer = new SummaryWriter(join(root, name));
    writer.addScalar('t', value, 1);
  }
  const runs = await findRuns(root);
  const values = await Promise.all(runs.map(async ({ path }) => (await readScalars(path)).series.get('t')!.values[0]));
  expect(values).toEqual([0, 1]);
});

test.skipIf(process.platform === 'win32')('links are followed; loops and links that lead nowhere are not', async () => {
  const root = treeOf('a/events.out.tfevents.1.h', 'elsewhere/deep/events.out.tfevents.1.h');
  symlinkSync(root, join(root, 'a/up'));
  symlinkSync(join(root, 'a'), join(root, 'a/self'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'latest'));
  symlinkSync(join(root, 'nowhere'), join(root, 'a/tfevents.dangling'));
  mkdirSync(join(root, 'linked'));
  symlinkSync(join(root, 'a/events.out.tfevents.1.h'), join(root, 'linked/events.out.tfevents.1.h'));
  expect(await namesOf(root)).toEqual(['a', 'elsewhere/deep', 'latest/deep', 'linked']);
});

test.skipIf(process.platform === 'win32')(
  'behind each link a folder is found once, however folders link to each other',
  async () => {
    const letters = [...'abcdefgh'];
    const root = treeOf(...letters.map((letter) => `${letter}/events.out.tfevents.1.h`));
    for (const from of letters) {
      for (const to of letters) symlinkSync(join(root, to), join(root, from, `to-${to}`));
    }
    const names = await namesOf(root);
    expect(names.filter((name) => name.length === 1)).toEqual(letters);
    for (const from of letters) {
      for (const to of letters) {
        const behind = names.filter((name) => name.startsWith(join(from, `to-${to}`)));
        // Itself, and what it leads to, but for the folder that the link lies in.
        const ends = behind.map((name) => name.at(-1)).sort();
        expect(ends).toEqual(from === to ? [] : letters.filter((letter) => letter !== from));
      }
    }
  },
);

test.skipIf(process.platform === 'win32')('two links to one run are two names of it', async () => {
  const root = treeOf('runs/7/train/events.out.tfevents.1.h');
  symlinkSync(join(root, 'runs/7'), join(root, 'best'));
  symlinkSync(join(root, 'runs/7'), join(root, 'latest'));
  expect(await namesOf(root)).toEqual(['best/train', 'latest/train', 'runs/7/train']);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be read is left out', async () => {
  const root = treeOf('a/events.out.tfevents.1.h', 'secret/events.out.tfevents.1.h');
  chmodSync(join(root, 'secret'), 0);
  expect(await namesOf(root)).toEqual(['a']);
  chmodSync(join(root, 'secret'), 0o700);
});

test('bad roots: an error that tells which', async () => {
  for (const root of ['', 7, undefined, 'a\0b']) {
    await expect(findRuns(root as never)).rejects.toThrow(/^root must be the path of a folder, not /);
    await expect(findRuns(root as never)).rejects.toThrow(TypeError);
  }
  const root = treeOf('file');
  const none = join(root, 'none');
  await expect(findRuns(none)).rejects.toMatchObject({ code: 'read-failed', path: none, cause: { code: 'ENOENT' } });
  await expect(findRuns(join(root, 'file'))).rejects.toMatchObject({ code: 'read-failed', cause: { code: 'ENOTDIR' } });
});
