import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type EventFileError, SummaryWriter } from '../src/index.js';
import { subRunFolder } from '../src/sub-run-folder.js';
import { temporaryFolder } from './temporary-folder.js';

test.each(['..', '.', 'a/..', 'a.', 'a ', 'con', 'NUL.txt', 'a\\b', 'a:b', 'a\0b', '...'])(
  'a run called %j has a folder of its own within the writer’s',
  (name) => {
    const parent = temporaryFolder();
    const logDir = join(parent, 'logs');
    using writer = new SummaryWriter(logDir);
    writer.addHParams({ lr: 0.1 }, { accuracy: 1 }, { runName: name });
    expect(readdirSync(parent)).toEqual(['logs']);
    expect(readdirSync(logDir).filter((entry) => !entry.includes('tfevents'))).toEqual([subRunFolder(name)]);
    expect(subRunFolder(name)).not.toMatch(/[\\/:\0]|[. ]$|^(con|nul)(\.|$)/i);
  },
);

test.each([
  { 'x/y': 1, 'x:y': 2 },
  { Train: 1, train: 2 },
])('curves that would share a folder are refused: %j', (curves) => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const [first, second] = Object.keys(curves);
  expect(() => writer.addScalars('c', curves, 1)).toThrow(
    new RangeError(`keys of tagScalars must make folders that differ, not '${first}' and '${second}'`),
  );
  expect(readdirSync(logDir)).toHaveLength(1);
});

test('a second row of hyper-parameters needs a run of its own', () => {
  using writer = new SummaryWriter(temporaryFolder());
  writer.addHParams({ lr: 0.1 }, { accuracy: 1 });
  expect(() => writer.addHParams({ lr: 0.2 }, { accuracy: 2 })).toThrow(
    'runName must be another for each row, not undefined',
  );
  writer.addHParams({ lr: 0.2 }, { accuracy: 2 }, { runName: 'second' });
  expect(() => writer.addHParams({ lr: 0.3 }, { accuracy: 3 }, { runName: 'second' })).toThrow('not second again');
});

test('onError hears of an embedding whose folder cannot be made', () => {
  const logDir = temporaryFolder();
  const heard: EventFileError[] = [];
  using writer = new SummaryWriter(logDir, { onError: (error) => heard.push(error) });
  writeFileSync(join(logDir, '00000'), 'a file where a folder should be');
  writer.addEmbedding({ shape: [2, 2], data: [1, 2, 3, 4] });
  expect(heard.map(({ code }) => code)).toEqual(['write-failed']);
  mkdirSync(join(logDir, '00001'));
  writer.addEmbedding({ shape: [2, 2], data: [1, 2, 3, 4] }, { step: 1 });
  expect(heard).toHaveLength(1);
});
