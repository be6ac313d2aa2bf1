import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { expect, test } from 'vitest';
import { valueJsonText } from '../src/log/value-json.js';
import { createMediaWriter, isPlain } from '../src/media/media-writer.js';
import { emptyFolder } from './folders.js';
import { image, otherPng, png } from './media-images.js';

function writer() {
  const filesDir = join(emptyFolder(), 'files');
  const announced: string[] = [];
  const notices: LoggerNotice[] = [];
  const onFile = (path: string) => {
    // A file is whole when it is announced.
    expect(existsSync(join(filesDir, path)), path).toBe(true);
    announced.push(path);
  };
  return { ...createMediaWriter({ filesDir, onFile, onNotice: (n) => notices.push(n) }), filesDir, announced, notices };
}

const SHA = '98317c8ce1adaaa6ec7893632ca231e36b900a0fffbebb87249244ab3861eca0';

// The expected forms are what wandb 0.31.0 wrote for the same values in an offline run.
test('a picture becomes a file and its description', () => {
  const { toRowValue, filesDir, announced } = writer();
  expect(toRowValue('img', 0, image({ caption: 'größe' }))).toEqual({
    _type: 'image-file',
    sha256: SHA,
    size: 80,
    path: 'media/images/img_0_98317c8ce1adaaa6ec78.png',
    format: 'png',
    width: 3,
    height: 2,
    caption: 'größe',
  });
  expect(announced).toEqual(['media/images/img_0_98317c8ce1adaaa6ec78.png']);
  expect(readFileSync(join(filesDir, announced[0]!))).toEqual(png);
});

test('several pictures under a key become one strip', () => {
  const { toRowValue } = writer();
  const other = image({ png: otherPng });
  expect(toRowValue('imgs', 2, [image({ caption: '1' }), other, image()])).toEqual({
    _type: 'images/separated',
    width: 3,
    height: 2,
    format: 'png',
    count: 3,
    filenames: [
      'media/images/imgs_2_98317c8ce1adaaa6ec78.png',
      'media/images/imgs_2_2b9e8b62f880025e9395.png',
      'media/images/imgs_2_98317c8ce1adaaa6ec78.png',
    ],
    captions: ['1', null, null],
  });
  expect(toRowValue('nocap', 2, [other, image({ caption: '2' })])).toEqual({
    _type: 'images/separated',
    width: 5,
    height: 4,
    format: 'png',
    count: 2,
    filenames: ['media/images/nocap_2_2b9e8b62f880025e9395.png', 'media/images/nocap_2_98317c8ce1adaaa6ec78.png'],
  });
  expect(toRowValue('empty', 2, [])).toEqual([]);
});

test('a table becomes a file, byte for byte that of the Python client', () => {
  const { toRowValue, filesDir } = writer();
  const columns = ['a', 'b', 'ü'];
  const rows = [
    [1, 'x', null],
    [Number.NaN, 'ß😀"\\\x01\x7f', true],
    [Number.POSITIVE_INFINITY, null, false],
    [Number.NEGATIVE_INFINITY, '', null],
    [1e22, 'y', null],
    [0.1, 'z', null],
    [1e-7, 'z', null],
    [2.5, 'z', null],
  ];
  const row = toRowValue('t', 3, { kind: 'table', columns, rows }) as { path: string; sha256: string };
  expect(row).toMatchObject({ _type: 'table-file', ncols: 3, nrows: 8, log_mode: 'IMMUTABLE', size: 184 });
  expect(row.path).toBe(`media/table/t_3_${row.sha256.slice(0, 20)}.table.json`);
  expect(readFileSync(join(filesDir, row.path), 'utf8')).toBe(
    '{"columns":["a","b","ü"],"data":[[1,"x",null],[NaN,"ß😀\\"\\\\\\u0001\x7f",true],[Infinity,null,false],' +
      '[-Infinity,"",null],[1e+22,"y",null],[0.1,"z",null],[1e-7,"z",null],[2.5,"z",null]]}',
  );
  expect(toRowValue('e/t', 3, { kind: 'table', columns: ['a'], rows: [] })).toMatchObject({
    path: 'media/table/e/t_3_a30766f53e8337c80960.table.json',
    sha256: 'a30766f53e8337c80960be6e4f535fb5bbc9c33c78c720a22e08ecb0f14d4406',
    size: 27,
  });
});

test('text is a string of any length', () => {
  const { toRowValue, announced } = writer();
  const text = 'x'.repeat(70_000);
  expect(toRowValue('text', 0, { kind: 'text', text })).toBe(text);
  expect(toRowValue('text', 0, text)).toBe(text);
  expect(announced).toEqual([]);
});

test('media inside objects and mixed arrays are written under the innermost name', () => {
  const { toRowValue, announced } = writer();
  const value = toRowValue('nest', 1, { deep: { im: image({ png: otherPng }) }, n: 1, gone: undefined });
  expect(valueJsonText(value)).toContain('"deep":{"im":{"_type":"image-file"');
  const list = toRowValue('mix', 4, [image(), { kind: 'table', columns: ['a'], rows: [[1]] }, 3]);
  expect(list).toMatchObject([{ _type: 'image-file' }, { _type: 'table-file' }, 3]);
  expect(announced).toEqual([
    'media/images/im_1_2b9e8b62f880025e9395.png',
    'media/images/mix_4_98317c8ce1adaaa6ec78.png',
    'media/table/mix_4_f374adaa48585f6f5534.table.json',
  ]);
});

test('typed arrays are numbers, lists or histograms, wherever they stand', () => {
  const { toRowValue } = writer();
  expect(toRowValue('a', 0, Float32Array.of(4.5))).toBe(4.5);
  expect(toRowValue('a', 0, Int8Array.of(0, 1, 2))).toEqual([0, 1, 2]);
  const long = Float64Array.from({ length: 40 }, (_, i) => i);
  expect(toRowValue('a', 0, { deep: long })).toMatchObject({ deep: { _type: 'histogram' } });
});

test('the same bytes under the same key and step are written and announced once', () => {
  const { toRowValue, filesDir, announced } = writer();
  toRowValue('img', 0, image());
  writeFileSync(join(filesDir, announced[0]!), 'touched');
  toRowValue('img', 0, [image(), image()]);
  expect(readFileSync(join(filesDir, announced[0]!), 'utf8')).toBe('touched');
  toRowValue('img', 1, image());
  expect(announced).toHaveLength(2);
});

test('no temporary file stays', () => {
  const { toRowValue, filesDir, announced } = writer();
  toRowValue('a/b', 0, image());
  const files = readdirSync(filesDir, { recursive: true }).filter((path) => (path as string).includes('.'));
  expect(files).toEqual([announced[0]!.split('/').join(sep)]);
});

test.each([
  ['rows of unequal length', { kind: 'table', columns: ['a'], rows: [[1], [1, 2]] }, /row 1 .* 2 cells for 1 columns/],
  ['a cell of another kind', { kind: 'table', columns: ['a', 'b'], rows: [[1, {}]] }, /row 0 .*object in column "b"/],
  ['two columns of a name', { kind: 'table', columns: ['a', 'a'], rows: [] }, /different names/],
  ['rows that are none', { kind: 'table', columns: ['a'], rows: [null] }, /row 0 .*no array/],
  ['a table without columns', { kind: 'table', rows: [] }, /columns/],
  ['a table without rows', { kind: 'table', columns: [] }, /rows/],
  ['a picture that is no PNG', { kind: 'image', png: Uint8Array.of(1, 2) }, /no PNG/],
  ['a picture without bytes', { kind: 'image' }, /Uint8Array/],
  ['a caption that is no text', { ...image(), caption: 5 }, /caption must be text, not 5/],
  ['text that is none', { kind: 'text', text: 5 }, /text must be a string/],
  ['a bad picture among good ones', [image(), { kind: 'image', png: new Uint8Array(99) }], /no PNG/],
  ['undefined', undefined, /undefined/],
])('refuses %s, and writes nothing', (_, value, message) => {
  const { toRowValue, announced } = writer();
  expect(() => toRowValue('key', 0, value)).toThrow(TypeError);
  expect(() => toRowValue('key', 0, value)).toThrow(message);
  expect(announced).toEqual([]);
});

test('refuses an object that holds itself', () => {
  const loop: Record<string, unknown> = {};
  loop.inner = [loop];
  expect(() => writer().toRowValue('key', 0, loop)).toThrow(/holds itself/);
});

test('says which limits of W&B cut a value, and keeps the first part', () => {
  const { toRowValue, notices, filesDir } = writer();
  expect(toRowValue('many', 0, Array(120).fill(image()))).toMatchObject({ count: 108 });
  const rows = Array.from({ length: 10_001 }, (_, i) => [i]);
  const { path } = toRowValue('long', 0, { kind: 'table', columns: ['i'], rows }) as { path: string };
  expect(JSON.parse(readFileSync(join(filesDir, path), 'utf8')).data).toHaveLength(10_000);
  expect(notices.map(({ code }) => code)).toEqual(['media-cut', 'media-cut']);
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringMatching(/"many".*108 of 120/),
    expect.stringMatching(/"long".*10000 of 10001/),
  ]);
});

test("the file system's error comes through, and the next value is written", () => {
  const { toRowValue, filesDir, announced } = writer();
  toRowValue('a', 0, image());
  writeFileSync(join(filesDir, 'media/table'), 'no folder');
  expect(() => toRowValue('t', 0, { kind: 'table', columns: [], rows: [] })).toThrow(/ENOTDIR|EEXIST/);
  toRowValue('b', 0, image());
  expect(announced).toHaveLength(2);
});

test('numbers, strings and booleans are plain, nothing else is', () => {
  expect([1, Number.NaN, 'x', true].every(isPlain)).toBe(true);
  expect([null, undefined, 1n, {}, [], () => 1].some(isPlain)).toBe(false);
});
