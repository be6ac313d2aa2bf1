import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mediaPath } from '../src/media/media-path.js';
import { emptyFolder } from './folders.js';

const SHA = '98317c8ce1adaaa6ec7893632ca231e36b900a0fffbebb87249244ab3861eca0';
const END = '1_98317c8ce1adaaa6ec78.png';

// As wandb 0.31.0 names them.
test.each([
  ['img', `img_${END}`],
  ['a/b', `a/b_${END}`],
  ['/../x/./y..z', `__/x/_/y..z_${END}`],
  ['//a//b', `a/b_${END}`],
  ['größe 1%', `größe 1%_${END}`],
])('the file of %j is %s', (key, name) => {
  expect(mediaPath('media/images', key, 1, SHA, '.png')).toBe(`media/images/${name}`);
});

test('any key makes a file below its folder', () => {
  const parts = fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    '\0',
    'a',
    '~',
    ' ',
    '\n',
    'ü',
    '😀',
    'x'.repeat(300),
    '😀'.repeat(90),
  );
  const keys = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(parts, { maxLength: 12 }).map((some) => some.join('')),
  );
  const root = emptyFolder();
  fc.assert(
    fc.property(keys, fc.maxSafeNat(), (key, step) => {
      const path = mediaPath('media/table', key, step, SHA, '.table.json');
      const file = join(root, path);
      expect(relative(join(root, 'media/table'), file)).not.toMatch(/^\.\.\/|^\.?\.?$/);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.tmp`, '');
    }),
    { numRuns: 300 },
  );
});

test('long names that differ only at their end stay apart', () => {
  const path = (key: string) => mediaPath('media/images', key, 0, SHA, '.png');
  expect(path(`${'x'.repeat(400)}1`)).not.toBe(path(`${'x'.repeat(400)}2`));
  expect(path(`${'x/'.repeat(4000)}1`)).not.toBe(path(`${'x/'.repeat(4000)}2`));
});

test('other bytes have another path', () => {
  expect(mediaPath('m', 'a', 0, SHA, '.png')).not.toBe(mediaPath('m', 'a', 0, `0${SHA.slice(1)}`, '.png'));
});
