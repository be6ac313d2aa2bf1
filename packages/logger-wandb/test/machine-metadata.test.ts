import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { metadata } from '../src/machine/metadata.js';
import { emptyFolder } from './folders.js';

const KEY = 'a1'.repeat(20);
const about = { startedAt: Date.UTC(2030, 0, 2, 3, 4, 5, 6), root: '.', secrets: [KEY] };

function workIn(folder: string): void {
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
}

it('describes the machine and the process, by the names of the official client', () => {
  const described = metadata({
    ...about,
    host: 'here',
    args: ['--lr', '3'],
    git: { remoteUrl: 'https://example.org/a', commit: 'abc' },
  });
  expect(described).toMatchObject({
    startedAt: '2030-01-02T03:04:05.006Z',
    node: process.version,
    executable: process.execPath,
    host: 'here',
    root: process.cwd(),
    args: ['--lr', '3'],
    git: { remote: 'https://example.org/a', commit: 'abc' },
    disk: { '/': { total: expect.stringMatching(/^\d+$/), used: expect.stringMatching(/^\d+$/) } },
    memory: { total: expect.stringMatching(/^\d+$/) },
  });
  expect(described.cpu_count_logical).toBeGreaterThanOrEqual(described.cpu_count ?? 1);
  expect(JSON.parse(JSON.stringify(described))).toEqual(described);
});

it('leaves out what is not known', () => {
  const described = metadata({ ...about, args: [] });
  for (const name of ['args', 'program', 'codePath', 'git', 'host']) expect(described).not.toHaveProperty(name);
  expect(metadata({ ...about, git: {} }).git).toEqual({});
});

it('holds neither the key nor a variable of the environment', () => {
  process.env.METADATA_TEST = 'variable-of-the-test';
  onTestFinished(() => {
    delete process.env.METADATA_TEST;
  });
  const args = [KEY, `--key=${KEY}`, '--other', `${KEY}${KEY}`];
  const described = metadata({ ...about, args, program: `/run/${KEY}.js`, secrets: [KEY, ''] });
  expect(described.args).toEqual(['[key]', '--key=[key]', '--other', '[key][key]']);
  expect(JSON.stringify(described)).not.toContain(KEY);
  expect(JSON.stringify(described)).not.toContain('variable-of-the-test');
});

it('says where the program is in its repository, and seen from the working directory', () => {
  const top = realpathSync(emptyFolder());
  mkdirSync(join(top, '.git'));
  mkdirSync(join(top, 'src/deep'), { recursive: true });
  writeFileSync(join(top, 'src/train.js'), '');
  workIn(join(top, 'src'));
  const program = join(top, 'src/train.js');
  expect(metadata({ ...about, program })).toMatchObject({
    program,
    codePath: 'src/train.js',
    codePathLocal: 'train.js',
  });
  expect(metadata({ ...about, program: 'train.js' })).toMatchObject({ codePath: 'src/train.js' });
  process.chdir(join(top, 'src/deep'));
  const fromBelow = metadata({ ...about, program });
  expect(fromBelow.codePath).toBe('src/train.js');
  expect(fromBelow).not.toHaveProperty('codePathLocal');
  expect(metadata({ ...about, program: 'none.js' })).not.toHaveProperty('codePath');
  // `node FOLDER`, where the folder is the one above.
  expect(metadata({ ...about, program: join(top, 'src') })).not.toHaveProperty('codePathLocal');
});
