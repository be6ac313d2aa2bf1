import type { ImageValue, LoggerNotice, LogValue, TableValue } from '@microbatch/core/logger';
import { isOpaque, isTypedArray, type JsonValue, toJsonValue } from '../log/value-json.js';
import { arrayValue } from './array-value.js';
import { histogramOf } from './histogram.js';
import { createMediaFiles, type MediaPlace } from './media-files.js';
import { pngSize } from './png.js';
import { assertTable, tableJson } from './table-json.js';

/** Turns what the user logs into what W&B shows. */
export interface MediaWriter {
  /**
   * The JSON of a value for its row. Its media files are written and announced before this returns.
   * Throws a `TypeError` that says why the value can't be shown, or, with the file system's `code`, why it can't be kept.
   */
  toRowValue(key: string, step: number, value: unknown): JsonValue;
}

const IMAGES = { folder: 'media/images', extension: '.png' };
const TABLES = { folder: 'media/table', extension: '.table.json' };
const MAX_IMAGES = 108;
const MAX_TABLE_ROWS = 10_000;
const MAX_DEPTH = 100;
/** Shorter texts are not measured. */
const LONG_TEXT_CHARACTERS = 1024 * 1024;
/** Of the 10 MiB that a row may have. */
const MAX_TEXT_BYTES = 9 * 1024 * 1024;

type Media = Exclude<LogValue, number | string>;

/** Whether a value goes into a row as it is: nothing has to be looked at, converted or written. */
export function isPlain(value: unknown): value is number | string | boolean {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
}

/**
 * Writes media as the Python client does: a picture as a file and its description, several under one key as one strip of
 * pictures, a table as a file, a distribution as a histogram, text as a string. Media may stand inside objects and arrays.
 * `onFile` gets each new file's path relative to `filesDir`, with `/` between names; `onNotice` what W&B's limits cut off.
 */
export function createMediaWriter(options: {
  readonly filesDir: string;
  readonly onFile: (path: string) => void;
  readonly onNotice?: (notice: LoggerNotice) => void;
}): MediaWriter {
  const files = createMediaFiles(options.filesDir, options.onFile);

  function tellCut(key: string, what: string, count: number): void {
    const message = `${JSON.stringify(key)} has too many ${what} ${count}`;
    options.onNotice?.({ level: 'warn', code: 'media-cut', message });
  }

  function imageJson(image: ImageValue, place: MediaPlace): { [field: string]: JsonValue } & { path: string } {
    const size = pngSize(image.png);
    const caption = captionOf(image);
    const file = files.write(image.png, { ...IMAGES, ...place });
    return { _type: 'image-file', ...file, format: 'png', ...size, ...(caption === null ? {} : { caption }) };
  }

  // As the Python client has it: the first picture's size for all, and no captions where the first has none.
  function imagesJson(images: readonly ImageValue[], place: MediaPlace): JsonValue {
    if (images.length > MAX_IMAGES) tellCut(place.key, `images: W&B takes the first ${MAX_IMAGES} of`, images.length);
    const shown = images.slice(0, MAX_IMAGES);
    // All are checked before one is written.
    const sizes = shown.map(({ png }) => pngSize(png));
    const captions = shown.map(captionOf);
    return {
      _type: 'images/separated',
      ...sizes[0]!,
      format: 'png',
      count: shown.length,
      filenames: shown.map((image) => imageJson(image, place).path),
      ...(captions[0] === null ? {} : { captions }),
    };
  }

  function tableFileJson(table: TableValue, place: MediaPlace): JsonValue {
    assertTable(table);
    const { columns, rows } = table;
    if (rows.length > MAX_TABLE_ROWS) tellCut(place.key, `rows: W&B takes the first ${MAX_TABLE_ROWS} of`, rows.length);
    const shown = { ...table, rows: rows.slice(0, MAX_TABLE_ROWS) };
    const file = files.write(Buffer.from(tableJson(shown)), { ...TABLES, ...place });
    return { _type: 'table-file', ...file, ncols: columns.length, nrows: rows.length, log_mode: 'IMMUTABLE' };
  }

  function mediaJson(value: Media, place: MediaPlace): JsonValue {
    switch (value.kind) {
      case 'image':
        return imageJson(value, place);
      case 'table':
        return tableFileJson(value, place);
      case 'histogram':
        return histogramOf(value);
      case 'text':
        if (typeof value.text !== 'string') throw new TypeError(`text must be a string, not ${typeof value.text}`);
        return value.text;
    }
  }

  function convert(value: unknown, place: MediaPlace, parents: readonly object[]): JsonValue {
    if (typeof value !== 'object' || value === null) return toJsonValue(value);
    if (isTypedArray(value)) return arrayValue(value);
    if (isMedia(value)) return mediaJson(value, place);
    if (value instanceof Set || isOpaque(value)) return toJsonValue(value);
    if (parents.includes(value)) throw new TypeError('an object that holds itself has no JSON form');
    if (parents.length === MAX_DEPTH) throw new TypeError(`objects nested deeper than ${MAX_DEPTH} can't be logged`);
    const chain = [...parents, value];
    if (Array.isArray(value)) {
      if (value.length > 0 && value.every(isImage)) return imagesJson(value, place);
      return value.map((item) => (item === undefined ? null : convert(item, place, chain)));
    }
    const entries = value instanceof Map ? value : Object.entries(value);
    const result: Record<string, JsonValue> = Object.create(null);
    for (const [key, item] of entries) {
      if (item !== undefined) result[key] = convert(item, { ...place, key: String(key) }, chain);
    }
    return result;
  }

  return {
    toRowValue(key, step, value) {
      if (!isPlain(value)) return convert(value, { key, step }, []);
      if (typeof value === 'string' && value.length > LONG_TEXT_CHARACTERS) assertTakenByServer(value);
      return value;
    },
  };
}

/** A row with a longer value would be left out as a whole when it is uploaded. */
function assertTakenByServer(text: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(text));
  if (bytes > MAX_TEXT_BYTES)
    throw new TypeError(`text of ${bytes} bytes is longer than the ${MAX_TEXT_BYTES} that W&B takes`);
}

const KINDS: readonly unknown[] = ['image', 'table', 'histogram', 'text'] satisfies Media['kind'][];

/** Whether a value is a picture, a table, a distribution or text. */
export function isMedia(value: unknown): value is Media {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.includes(value.kind);
}

function isImage(value: unknown): value is ImageValue {
  return typeof value === 'object' && value !== null && isMedia(value) && value.kind === 'image';
}

function captionOf({ caption = null }: { readonly caption?: string | null }): string | null {
  if (caption !== null && typeof caption !== 'string') throw new TypeError(`a caption must be text, not ${caption}`);
  return caption;
}
