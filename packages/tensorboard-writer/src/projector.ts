import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertStep, assertTag } from './arguments.js';
import { type FileContents, writeDurably } from './durable-files.js';
import { type EmbeddingLabel, embeddingLabelLines } from './embedding-labels.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { encodePixels, readImages } from './image.js';
import { makeFolders } from './make-folders.js';
import type { DenseArray } from './numeric-input.js';
import { arrange, type ImagesLayout } from './pixels.js';
import { type EmbeddingInfo, withEmbedding } from './projector-config.js';

/** How the rows of a matrix are labelled in the projector. */
export interface EmbeddingOptions {
  /** `'default'` by default. A tag and step that were added before are replaced. */
  readonly tag?: string;
  /** 0 by default. */
  readonly step?: number;
  /** A label for each row, or, with `metadataHeader`, a value for each of its columns. */
  readonly metadata?: readonly (EmbeddingLabel | readonly EmbeddingLabel[])[];
  /** Names of at least two columns. */
  readonly metadataHeader?: readonly string[];
  /** How the pictures in `labelImages`, one for each row, lie: `'NHWC'` by default, `'NHW'` for three dimensions. */
  readonly labelImagesLayout?: ImagesLayout;
}

const CONFIG_NAME = 'projector_config.pbtxt';
/** The projector shows no larger one. */
const LARGEST_SPRITE_SIDE = 8192;
const CHUNK_CHARACTERS = 1 << 16;

interface Sprite {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Adds an embedding to the projector's files in `logDir`, durably (torch/utils/tensorboard/_embedding.py): its
 * own in a folder for step and tag, then `projector_config.pbtxt`, which keeps what it holds. Throws a `TypeError` or
 * `RangeError` that names the argument, or an `EventFileError`, and leaves the config as it was.
 */
export function writeEmbedding(
  logDir: string,
  matrix: DenseArray,
  labelImages: DenseArray | undefined,
  { tag = 'default', step = 0, metadata, metadataHeader, labelImagesLayout }: EmbeddingOptions,
): void {
  assertTag('tag', tag);
  assertStep('step', step);
  const [count = 0, dimensions = 0] = matrix.shape;
  if (matrix.shape.length !== 2 || count < 1 || dimensions < 2) {
    throw new RangeError(
      `matrix must be of shape [n, dimensions] with n from 1, dimensions from 2, not [${matrix.shape}]`,
    );
  }
  if (metadata === undefined && metadataHeader !== undefined) {
    throw new TypeError('metadataHeader needs metadata, not undefined');
  }
  const labels = metadata === undefined ? undefined : embeddingLabelLines(metadata, metadataHeader, count);
  const sprite = labelImages === undefined ? undefined : makeSprite(labelImages, labelImagesLayout, count);

  const stepText = String(step).padStart(5, '0');
  const folder = `${stepText}/${folderName(tag)}`;
  const info: EmbeddingInfo = {
    tensorName: `${tag}:${stepText}`,
    tensorPath: `${folder}/tensors.tsv`,
    metadataPath: labels && `${folder}/metadata.tsv`,
    sprite: sprite && { imagePath: `${folder}/sprite.png`, width: sprite.width, height: sprite.height },
  };
  // A config that cannot be read is refused before anything is written.
  nextConfig(logDir, info);
  const inFolder = (name: string, chunks: Iterable<string | Uint8Array>): FileContents => ({
    path: join(logDir, folder, name),
    chunks,
  });
  try {
    makeFolders(join(logDir, folder));
    writeDurably([
      inFolder('tensors.tsv', tensorLines(matrix)),
      ...(labels === undefined ? [] : [inFolder('metadata.tsv', [`${labels.join('\n')}\n`])]),
      ...(sprite === undefined ? [] : [inFolder('sprite.png', [sprite.png])]),
      { path: join(logDir, CONFIG_NAME), chunks: configText(logDir, info) },
    ]);
  } catch (cause) {
    if (cause instanceof EventFileError) throw cause;
    const message = `cannot write the embedding ${JSON.stringify(tag)} in ${logDir}: ${reasonOf(cause)}`;
    throw new EventFileError('write-failed', join(logDir, folder), message, { cause });
  }
}

// Read again when the other files stand beside their places: they take long, and another process may have added its own.
function* configText(logDir: string, info: EmbeddingInfo): Generator<string> {
  yield nextConfig(logDir, info);
}

function nextConfig(logDir: string, info: EmbeddingInfo): string {
  const path = join(logDir, CONFIG_NAME);
  try {
    return withEmbedding(readText(path), info);
  } catch (cause) {
    const message = `${path} cannot be read and stays as it is: ${reasonOf(cause)}`;
    throw new EventFileError('read-failed', path, message, { cause });
  }
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

// The projector cuts the sprite into as many rows as columns, and shows the first pictures.
function makeSprite(images: DenseArray, layout: ImagesLayout | undefined, count: number): Sprite {
  const pictures = readImages('labelImages', images, 'labelImagesLayout', layout);
  if (pictures.count !== count) {
    throw new RangeError(`labelImages must be ${count} pictures, one for each row of matrix, not ${pictures.count}`);
  }
  const { width, height } = pictures;
  const side = Math.ceil(Math.sqrt(count));
  if (side * Math.max(width, height) > LARGEST_SPRITE_SIDE) {
    throw new RangeError(
      `labelImages must fit into ${LARGEST_SPRITE_SIDE} pixels a side, ${side} x ${side} of them, not ${side * width} x ${side * height}`,
    );
  }
  return { png: encodePixels(arrange('labelImages', pictures, side, side)), width, height };
}

/** A folder name that is another for every tag, on file systems that know no case, and none that Windows reserves. */
function folderName(tag: string): string {
  if (/^[a-z0-9_-]{1,64}$/.test(tag) && !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(tag)) return tag;
  const readable = tag
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '_')
    .slice(0, 40);
  return `${readable}-${createHash('sha256').update(tag).digest('hex').slice(0, 12)}`;
}

function* tensorLines({ shape, data }: DenseArray): Generator<string> {
  const [count, dimensions] = shape as [number, number];
  let chunk = '';
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < dimensions; column += 1) {
      chunk += `${toText(data[row * dimensions + column]!)}${column + 1 === dimensions ? '\n' : '\t'}`;
    }
    if (chunk.length > CHUNK_CHARACTERS) {
      yield chunk;
      chunk = '';
    }
  }
  yield chunk;
}

// The projector holds 32-bit floats, which 9 digits tell apart.
function toText(value: number): string {
  const float = Math.fround(value);
  return Number.isInteger(float) ? String(float) : float.toPrecision(9);
}
