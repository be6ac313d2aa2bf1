import type { MediaContent } from '../runs/media-table.js';
import type { Run } from '../runs/run.js';
import { type Answer, json } from './answers.js';
import { clockAnswer } from './clock-answer.js';
import { numberAnswer } from './number-answer.js';
import type { MediaAnswer, MediaEntryAnswer } from './protocol.js';

const MOST_ENTRIES = 10_000;

/** The entries of a tag, the latest of them where there are too many; undefined where the run has none. */
export function mediaEntries(run: Run, tag: string): readonly MediaEntryAnswer[] | undefined {
  const found = mediaTagOf(run, tag);
  if (found === undefined) return undefined;
  const { entries } = found.media;
  const first = Math.max(0, entries.length - MOST_ENTRIES);
  return entries
    .slice(first)
    .map(({ row }, i) => ({ index: first + i, clocks: clockAnswer(found.source.clocks, row) }));
}

/** An entry's value, read from its file; undefined where it is no longer there. */
export async function mediaContent(run: Run, tag: string, index: number): Promise<MediaContent | undefined> {
  const found = mediaTagOf(run, tag);
  const entry = found?.media.entries[index];
  if (entry === undefined) return undefined;
  try {
    return await found!.source.content(tag, entry);
  } catch {
    // The file went, or is another now: the next look at it says so.
    return undefined;
  }
}

/** What of a value is sent as JSON: of pictures how many there are, each of which is asked for by itself. */
export function mediaAnswer(content: MediaContent): MediaAnswer {
  switch (content.kind) {
    case 'image':
      return { kind: 'image', count: content.images.length, captions: content.captions };
    case 'table':
      return {
        ...content,
        rows: content.rows.map((row) => row.map((cell) => (typeof cell === 'number' ? numberAnswer(cell) : cell))),
      };
    default:
      return content;
  }
}

// What begins otherwise is not sent: a page of the files' own, an SVG with scripts, must not come from here.
const SIGNATURES: readonly (readonly [type: string, signature: string])[] = [
  ['image/png', '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', '\xff\xd8\xff'],
  ['image/gif', 'GIF8'],
];

/** A picture as its file has it; undefined where it is none that browsers only draw. */
export function pictureAnswer(content: MediaContent, picture: number): Answer | undefined {
  const body = content.kind === 'image' ? content.images[picture] : undefined;
  if (body === undefined) return undefined;
  const begins = Buffer.from(body.subarray(0, 12)).toString('latin1');
  const known = SIGNATURES.find(([, signature]) => begins.startsWith(signature));
  if (known !== undefined) return { type: known[0], body };
  return /^RIFF....WEBP$/s.test(begins) ? { type: 'image/webp', body } : undefined;
}

/** Undefined where there is nothing to answer. */
export const answerOf = (value: unknown): Answer | undefined => (value === undefined ? undefined : json(value));

function mediaTagOf(run: Run, tag: string) {
  for (const source of run.sources) {
    const media = source.media.tags.get(tag);
    if (media !== undefined) return { source, media };
  }
  return undefined;
}
