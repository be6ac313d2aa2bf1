import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLogFile } from '../src/log/log-file.js';
import { emptyFolder } from './folders.js';

it('refuses a path where a file is, and leaves that file alone', () => {
  const path = join(emptyFolder(), 'run.wandb');
  writeFileSync(path, 'of another run');
  expect(() => createLogFile(path)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(readFileSync(path, 'utf8')).toBe('of another run');
});

it('keeps everything in order, in pieces smaller and larger than its buffer', () => {
  const path = join(emptyFolder(), 'run.wandb');
  const file = createLogFile(path);
  const pieces = [3, 70_000, 1, 500_000, 0, 64 * 1024].map((length, i) => Buffer.alloc(length, i + 1));
  for (const [at, piece] of pieces.entries()) {
    file.put(piece);
    if (at % 2 === 0) file.commit();
    else file.settle();
  }
  file.sync();
  expect(readFileSync(path).equals(Buffer.concat(pieces))).toBe(true);
  file.put(Buffer.of(9));
  file.close();
  expect(readFileSync(path).equals(Buffer.concat([...pieces, Buffer.of(9)]))).toBe(true);
});
