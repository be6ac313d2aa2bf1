import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { EventFileError } from '../src/event-file-error.js';
import type { DenseArray } from '../src/index.js';
import { SummaryWriter } from '../src/summary-writer.js';
import { readTextFields, unquoteText } from '../src/text-proto.js';
import { temporaryFolder } from './temporary-folder.js';

const CONFIG = 'projector_config.pbtxt';
const matrix: DenseArray = { shape: [2, 2], data: [1, 2, 3, 4] };

const readText = (...path: string[]) => readFileSync(join(...path), 'utf8');
const rows = (text: string) => text.split('\n').slice(0, -1);
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => !String(name).includes('tfevents'))
    .sort();

/** The embeddings of a config, each as its fields. */
function embeddings(logDir: string): Record<string, string>[] {
  const unquoted = (value: string) => (/^["']/.test(value) ? unquoteText(value) : value);
  return readTextFields(readText(logDir, CONFIG))
    .filter(({ name }) => name === 'embeddings')
    .map(({ value }) => Object.fromEntries(readTextFields(value).map(({ name, value }) => [name, unquoted(value)])));
}

test('numbers, labels and pictures stand in files that the config names', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const labelImages = { shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  writer.addEmbedding(matrix, { tag: 'words', step: 7, metadata: ['a', 5], labelImages });
  expect(readText(logDir, CONFIG)).toBe(
    [
      'embeddings {',
      '  tensor_name: "words:00007"',
      '  metadata_path: "00007/words/metadata.tsv"',
      '  sprite {',
      '    image_path: "00007/words/sprite.png"',
      '    single_image_dim: 3',
      '    single_image_dim: 1',
      '  }',
      '  tensor_path: "00007/words/tensors.tsv"',
      '}',
      '',
    ].join('\n'),
  );
  expect(readText(logDir, '00007/words/tensors.tsv')).toBe('1\t2\n3\t4\n');
  expect(readText(logDir, '00007/words/metadata.tsv')).toBe('a\n5\n');
  const sprite = decode(readFileSync(join(logDir, '00007/words/sprite.png')));
  expect([sprite.width, sprite.height, sprite.channels, ...sprite.data]).toEqual([
    6,
    2,
    1,
    1,
    2,
    3,
    4,
    5,
    6,
    ...Array(6).fill(0),
  ]);
  expect(filesOf(logDir)).toEqual([
    '00007',
    '00007/words',
    '00007/words/metadata.tsv',
    '00007/words/sprite.png',
    '00007/words/tensors.tsv',
    CONFIG,
  ]);
});

test('numbers come back as 32-bit floats', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.float(), fc.double(), fc.double()), { minLength: 1 }), (points) => {
      writer.addEmbedding({ shape: [points.length, 3], data: Float64Array.from(points.flat()) });
      const read = rows(readText(logDir, '00000/default/tensors.tsv')).map((row) => row.split('\t').map(Number));
      expect(read.map((row) => row.map((x) => Math.fround(x) + 0))).toEqual(
        points.map((row) => row.map((x) => Math.fround(x) + 0)),
      );
    }),
    { numRuns: 30 },
  );
});

test('many rows are all written', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const data = Float32Array.from({ length: 40_000 }, (_, i) => i);
  writer.addEmbedding({ shape: [20_000, 2], data });
  expect(rows(readText(logDir, '00000/default/tensors.tsv')).flatMap((row) => row.split('\t').map(Number))).toEqual([
    ...data,
  ]);
});

test('the config grows, also from an earlier process; the same tag and step are replaced', () => {
  const logDir = temporaryFolder();
  using first = new SummaryWriter(logDir);
  first.addEmbedding(matrix, { metadata: ['a', 'b'] });
  first.addEmbedding(matrix, { step: 1 });
  first.close();
  using second = new SummaryWriter(logDir);
  second.addEmbedding({ shape: [1, 2], data: [8, 9] });
  second.addEmbedding(matrix, { tag: 'other' });
  expect(embeddings(logDir)).toEqual([
    { tensor_name: 'default:00000', tensor_path: '00000/default/tensors.tsv' },
    { tensor_name: 'default:00001', tensor_path: '00001/default/tensors.tsv' },
    { tensor_name: 'other:00000', tensor_path: '00000/other/tensors.tsv' },
  ]);
  expect(readText(logDir, '00000/default/tensors.tsv')).toBe('8\t9\n');
});

test("what others wrote into the config stays, with a user's own fields of a replaced embedding", () => {
  const logDir = temporaryFolder();
  const before = "# mine } {\nmodel_checkpoint_path: 'a' \"b\"\nembeddings: [ { tensor_name: 'l' } ]\n";
  const mine = 'embeddings < tensor_name: "def" \'ault\\072000\\x300\', bookmarks_path: "b"; tensor_shape: [9, 9] >';
  const after = '\nembeddings { tensor_name: "z" } # end';
  writeFileSync(join(logDir, CONFIG), before + mine + after);
  using writer = new SummaryWriter(logDir);
  writer.addEmbedding(matrix);
  writer.addEmbedding(matrix, { step: 1 });
  const replaced =
    'embeddings {\n  tensor_name: "default:00000"\n  tensor_path: "00000/default/tensors.tsv"\n  bookmarks_path: "b";\n}';
  const added = 'embeddings {\n  tensor_name: "default:00001"\n  tensor_path: "00001/default/tensors.tsv"\n}\n';
  expect(readText(logDir, CONFIG)).toBe(`${before}${replaced}${after}\n${added}`);
});

test.each([
  ['a brace is open', Buffer.from('embeddings {\n  tensor_name: "a"\n')],
  ['a brace too many', Buffer.from('embeddings { } }')],
  ['braces of two kinds', Buffer.from('embeddings { >')],
  ['a string is open', Buffer.from('embeddings { tensor_name: "a }')],
  ['a field without a value', Buffer.from('embeddings')],
  ['no text', Buffer.from([0x23, 0xff, 0x0a])],
])('a config in which %s is refused and stays as it is', (_, config) => {
  const logDir = temporaryFolder();
  writeFileSync(join(logDir, CONFIG), config);
  using writer = new SummaryWriter(logDir);
  const failure = thrownBy(() => writer.addEmbedding(matrix));
  expect(failure).toBeInstanceOf(EventFileError);
  expect(failure).toMatchObject({ code: 'read-failed', path: join(logDir, CONFIG) });
  expect(readFileSync(join(logDir, CONFIG)).equals(config)).toBe(true);
  expect(filesOf(logDir)).toEqual([CONFIG]);
});

test('every tag has a folder of its own, that every file system takes', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const tags = [
    'a',
    'A',
    'a/b',
    'a\\b',
    'a_b',
    '..',
    '.',
    '~',
    'con',
    'com1',
    'CON',
    'x.',
    'x ',
    'é',
    'e\u0301',
    'n\n',
    'l'.repeat(300),
  ];
  for (const tag of tags) writer.addEmbedding(matrix, { tag, step: 123_456 });
  expect(embeddings(logDir).map(({ tensor_name }) => tensor_name)).toEqual(tags.map((tag) => `${tag}:123456`));
  const folders = embeddings(logDir).map(({ tensor_path }) => tensor_path!.split('/'));
  expect(new Set(folders.map(([, folder]) => folder!.toLowerCase())).size).toBe(tags.length);
  for (const [step, folder, file, ...rest] of folders) {
    expect([step, file, rest]).toEqual(['123456', 'tensors.tsv', []]);
    expect(folder).toMatch(/^(?!con$|com1$)[a-z0-9_-]{1,64}$/);
    expect(readText(logDir, step!, folder!, file!)).toBe('1\t2\n3\t4\n');
  }
});

test('labels keep their rows: tabs and line ends are escaped, blank lines are not blank', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const three = { shape: [3, 2], data: new Float32Array(6) };
  writer.addEmbedding(three, { metadata: ['a\tb\r\nc', '', ' '] });
  expect(rows(readText(logDir, '00000/default/metadata.tsv'))).toEqual(['a\\tb\\r\\nc', '\u200b', '\u200b ']);
  const metadata = [
    ['x', 1],
    ['', ''],
    ['\t', ''],
  ];
  writer.addEmbedding(three, { tag: 'wide', metadata, metadataHeader: ['name', 'size'] });
  expect(rows(readText(logDir, '00000/wide/metadata.tsv'))).toEqual(['name\tsize', 'x\t1', '\u200b\t', '\\t\t']);
});

test('a sprite has as many rows as columns', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const labelImages = { shape: [5, 3, 2, 4], data: new Float32Array(120).fill(1) };
  writer.addEmbedding({ shape: [5, 2], data: new Float32Array(10) }, { labelImages, labelImagesLayout: 'NCHW' });
  const { width, height, channels, data } = decode(readFileSync(join(logDir, '00000/default/sprite.png')));
  expect({ width, height, channels }).toEqual({ width: 12, height: 6, channels: 3 });
  expect(data.filter((value) => value === 255)).toHaveLength(120);
});

test('tensors are read', async () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  const tensor = { shape: [1, 2], dtype: 'float32', data: async () => Float32Array.of(0.5, 1) };
  await writer.addEmbedding(tensor);
  expect(readText(logDir, '00000/default/tensors.tsv')).toBe('0.500000000\t1\n');
});

test('a failing disk: one clear error, the config as it was, nothing left over', () => {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  writer.addEmbedding(matrix);
  const config = readText(logDir, CONFIG);
  mkdirSync(join(logDir, '00001/default/tensors.tsv'), { recursive: true });
  writeFileSync(join(logDir, '00002'), '');
  const before = filesOf(logDir);
  expect(thrownBy(() => writer.addEmbedding(matrix, { step: 1 }))).toMatchObject({
    name: 'EventFileError',
    code: 'write-failed',
    cause: { code: expect.stringMatching(/EISDIR|EPERM/) },
  });
  expect(thrownBy(() => writer.addEmbedding(matrix, { step: 2 }))).toMatchObject({ code: 'write-failed' });
  expect(readText(logDir, CONFIG)).toBe(config);
  expect(filesOf(logDir)).toEqual(before);
});

test('after close nothing is added', () => {
  const logDir = temporaryFolder();
  const writer = new SummaryWriter(logDir);
  writer.close();
  expect(thrownBy(() => writer.addEmbedding(matrix))).toMatchObject({ code: 'closed' });
  expect(filesOf(logDir)).toEqual([]);
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
