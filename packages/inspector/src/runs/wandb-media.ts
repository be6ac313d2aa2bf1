import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { MediaContent } from './media-table.js';

/** Pictures and tables beyond this are not sent to a page. */
const MOST_FILE_BYTES = 32 * 1024 * 1024;

interface Item {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  readonly valueJson?: string;
}

/** What a row of the log at `logPath` holds under `tag`; undefined where it is nothing that can be shown. Rejects where a file can't be read. */
export async function wandbContent(
  logPath: string,
  items: readonly Item[],
  tag: string,
): Promise<MediaContent | undefined> {
  const fields = fieldsOf(items, tag);
  if (typeof fields === 'string') return { kind: 'text', texts: [fields] };
  const files = join(dirname(logPath), 'files');
  switch (fields._type) {
    case 'histogram':
      return histogram(fields);
    case 'image-file': {
      const caption = typeof fields.caption === 'string' ? fields.caption : '';
      return { kind: 'image', images: [await readBelow(files, fields.path)], captions: [caption] };
    }
    case 'images/separated': {
      const paths = Array.isArray(fields.filenames) ? fields.filenames : [];
      const captions = (Array.isArray(fields.captions) ? fields.captions : []).map(String);
      const images = await Promise.all(paths.map((path) => readBelow(files, path)));
      return { kind: 'image', images, captions: images.map((_, index) => captions[index] ?? '') };
    }
    case 'table-file':
      return table(JSON.parse(Buffer.from(await readBelow(files, fields.path)).toString()));
    default:
      return undefined;
  }
}

/** The text under `tag`, or the fields of the object there. */
function fieldsOf(items: readonly Item[], tag: string): string | Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  for (const { key = '', nestedKey = [], valueJson = 'null' } of items) {
    const path = nestedKey.length > 0 ? nestedKey : [key];
    const isWhole = path.join('.') === tag;
    if (!isWhole && path.slice(0, -1).join('.') !== tag) continue;
    const value = parse(valueJson);
    if (isWhole && typeof value === 'string') return value;
    if (!isWhole) fields[path.at(-1)!] = value;
  }
  return fields;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Python writes bare NaN and Infinity.
    return JSON.parse(json.replace(/-?\b(?:NaN|Infinity)\b/g, 'null'));
  }
}

function histogram(fields: Readonly<Record<string, unknown>>): MediaContent | undefined {
  const counts = numbers(fields.values);
  const packed = fields.packedBins as { min?: number; size?: number; count?: number } | undefined;
  const edges =
    packed === undefined
      ? numbers(fields.bins)
      : Array.from({ length: counts.length + 1 }, (_, bin) => (packed.min ?? 0) + bin * (packed.size ?? 1));
  return edges.length === counts.length + 1 ? { kind: 'histogram', counts, edges } : undefined;
}

function table(json: unknown): MediaContent | undefined {
  const { columns, data } = (json ?? {}) as { columns?: unknown; data?: unknown };
  if (!Array.isArray(columns) || !Array.isArray(data)) return undefined;
  const rows = data.map((row) => (Array.isArray(row) ? row.map(cell) : []));
  return { kind: 'table', columns: columns.map(String), rows };
}

function cell(value: unknown): number | string | boolean | null {
  return value === null || ['number', 'string', 'boolean'].includes(typeof value)
    ? (value as number | string | boolean | null)
    : JSON.stringify(value);
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

/** Reads a file that a log names. Logs come from anywhere: what lies outside of `folder`, also by a link, is refused. */
async function readBelow(folder: string, path: unknown): Promise<Uint8Array> {
  if (typeof path !== 'string') throw new Error('the log names no file');
  const real = await realpath(join(folder, path));
  if (!real.startsWith(folder + sep)) throw new Error(`${JSON.stringify(path)} lies outside of its run`);
  // Looked at before it is opened: opening a pipe would wait for someone who writes to it.
  const stats = await stat(real);
  if (!stats.isFile()) throw new Error(`${JSON.stringify(path)} is no file`);
  if (stats.size > MOST_FILE_BYTES)
    throw new Error(`${JSON.stringify(path)} has ${stats.size} bytes, too many to show`);
  return await readFile(real);
}
