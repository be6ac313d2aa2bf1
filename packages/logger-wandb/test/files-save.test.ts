import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { globPaths } from '../src/files/glob.js';
import { keepSavedFiles } from '../src/files/keep-saved-files.js';
import { saveFiles } from '../src/files/save-files.js';
import { emptyFolder } from './folders.js';

let dir: string;
let filesDir: string;
beforeEach(() => {
  dir = emptyFolder();
  filesDir = join(dir, 'run/files');
  mkdirSync(filesDir, { recursive: true });
  for (const path of ['in/a.txt', 'in/b.txt', 'in/sub/c.bin', 'in/.hidden', 'in/x[1].txt']) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), path);
  }
});

const saved = (path: string) => readFileSync(join(filesDir, path), 'utf8');

test('an absolute path keeps one folder, a base keeps what is below it', () => {
  expect(saveFiles(join(dir, 'in/a.txt'), { filesDir })).toEqual([{ path: 'in/a.txt', policy: 'live' }]);
  expect(saveFiles(join(dir, 'in/sub/*'), { filesDir, base: dir, policy: 'end' })).toEqual([
    { path: 'in/sub/c.bin', policy: 'end' },
  ]);
  expect(saveFiles(join(dir, 'in/a.txt'), { filesDir, base: join(dir, 'in'), policy: 'now' })).toEqual([
    { path: 'a.txt', policy: 'now' },
  ]);
  expect(['in/a.txt', 'in/sub/c.bin', 'a.txt'].map(saved)).toEqual(['in/a.txt', 'in/sub/c.bin', 'in/a.txt']);
});

test('a relative path keeps its folders', () => {
  const [file] = saveFiles('package.json', { filesDir, policy: 'now' });
  expect(file!.path).toBe('package.json');
  expect(saved('package.json')).toBe(readFileSync('package.json', 'utf8'));
});

test('now keeps what the file held, end and live follow it', () => {
  const path = join(dir, 'in/a.txt');
  saveFiles(path, { filesDir, base: join(dir, 'in'), policy: 'now' });
  saveFiles(path, { filesDir, policy: 'live' });
  appendFileSync(path, ' more');
  expect(saved('a.txt')).toBe('in/a.txt');
  expect(saved('in/a.txt')).toBe('in/a.txt more');
  saveFiles(path, { filesDir, base: join(dir, 'in'), policy: 'now' });
  expect(saved('a.txt')).toBe('in/a.txt more');
});

test("a run's folder is whole after its end", () => {
  const files = saveFiles(join(dir, 'in/*.txt'), { filesDir });
  rmSync(join(dir, 'in/b.txt'));
  expect(keepSavedFiles(filesDir, [...files, { path: 'never/saved' }])).toEqual(['in/b.txt', 'never/saved']);
  rmSync(join(dir, 'in'), { recursive: true });
  expect(lstatSync(join(filesDir, 'in/a.txt')).isFile()).toBe(true);
  expect(saved('in/a.txt')).toBe('in/a.txt');
});

test('what is written to a saved file after the end stays out of the run', () => {
  const files = saveFiles(join(dir, 'in/*.txt'), { filesDir });
  // As where the file system has no symbolic links.
  rmSync(join(filesDir, 'in/b.txt'));
  linkSync(join(dir, 'in/b.txt'), join(filesDir, 'in/b.txt'));
  expect(keepSavedFiles(filesDir, files)).toEqual([]);
  for (const path of ['in/a.txt', 'in/b.txt']) writeFileSync(join(dir, path), 'the next training');
  expect(['in/a.txt', 'in/b.txt'].map(saved)).toEqual(['in/a.txt', 'in/b.txt']);
});

test.each(['config.yaml', 'wandb-summary.json', 'wandb-metadata.json', 'output.log'])(
  '%s, which is a file of each run, is refused with all that it comes with, but not in a folder',
  (name) => {
    const base = join(dir, 'in');
    writeFileSync(join(base, name), 'mine');
    for (const pattern of [name, '*']) {
      expect(() => saveFiles(join(base, pattern), { filesDir, base })).toThrow(
        expect.objectContaining({ code: 'reserved-name', message: expect.stringContaining(`save: ${name} is`) }),
      );
    }
    expect(readdirSync(filesDir)).toEqual([]);
    expect(saveFiles(join(base, name), { filesDir })).toEqual([{ path: `in/${name}`, policy: 'live' }]);
  },
);

test('a file that is already in the folder is announced and stays', () => {
  writeFileSync(join(filesDir, 'own.txt'), 'own');
  const before = statSync(join(filesDir, 'own.txt')).ino;
  expect(saveFiles(join(filesDir, 'own.txt'), { filesDir, base: filesDir })).toEqual([
    { path: 'own.txt', policy: 'live' },
  ]);
  expect(statSync(join(filesDir, 'own.txt')).ino).toBe(before);
  expect(saved('own.txt')).toBe('own');
});

test('a literal path may hold the characters of patterns', () => {
  const path = join(dir, 'in/x[1].txt');
  expect(() => saveFiles(path, { filesDir })).toThrow(/no file is at/);
  expect(saveFiles(path, { filesDir, glob: false })).toEqual([{ path: 'in/x[1].txt', policy: 'live' }]);
});

test.each([
  ['*', ['a.txt', 'b.txt', 'sub', 'x[1].txt']],
  ['?.txt', ['a.txt', 'b.txt']],
  ['[!a].txt', ['b.txt']],
  ['[a-b].*', ['a.txt', 'b.txt']],
  ['x[[]1].txt', ['x[1].txt']],
  ['.*', ['.hidden']],
  ['*/c.bin', ['sub/c.bin']],
  ['a.txt', ['a.txt']],
  ['gone/*', []],
])('%s matches what it matches in Python', (pattern, names) => {
  expect(globPaths(join(dir, 'in', pattern))).toEqual(names.map((name) => join(dir, 'in', name)));
});

test.each([
  ['', {}, TypeError, /path/],
  ['../x', {}, RangeError, /not below its base/],
  ['in/a.txt', { base: 'in/a.txt' }, RangeError, /not below its base/],
  ['a', { policy: 'often' as 'now' }, TypeError, /policy must be now, end or live, not often/],
  ['gone.txt', {}, Error, /no file is at gone\.txt/],
  ['src', {}, Error, /no file is at src/],
])('refuses %j with %o', (pattern, options, type, message) => {
  expect(() => saveFiles(pattern, { filesDir, ...options })).toThrow(type);
  expect(() => saveFiles(pattern, { filesDir, ...options })).toThrow(message);
});
