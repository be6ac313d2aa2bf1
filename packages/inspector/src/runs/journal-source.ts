import type { LogValue, LogValues, TrainEvent } from '@microbatch/core/logger';
import { followJournal, type JournalFollower } from '@microbatch/logger-journal';
import { type GrowingFile, growingFile } from './growing-file.js';
import { histogramContent } from './histogram-content.js';
import type { JournalPart } from './join-sources.js';
import { createJournalEvents } from './journal-events.js';
import type { MediaContent } from './media-table.js';
import type { Problem, RunSource } from './run-source.js';

/** Events whose distributions stay counted. */
const MOST_KEPT_EVENTS = 500;

interface Part {
  /** What stands behind these bytes does not count. */
  readonly until: number;
  readonly file: GrowingFile;
  readonly follower: JournalFollower;
  bytesRead: number;
}

/**
 * A run's journals: one, and one more for each time that the run went on, in this order. `nameOf` makes a path relative to
 * the root.
 */
export function journalSource(journals: readonly JournalPart[], nameOf: (path: string) => string): RunSource {
  const paths = journals.map(({ path }) => path);
  const parts: Part[] = journals.map(({ path, until = Number.POSITIVE_INFINITY }) => ({
    until,
    file: growingFile(path),
    follower: followJournal(path),
    bytesRead: 0,
  }));
  const events = createJournalEvents();
  const problems = new Map<string, Problem>();
  const histograms = new Map<string, ReadonlyMap<string, MediaContent>>();
  const underWay = new Map<string, Promise<TrainEvent>>();

  /**
   * Who logs distributions logs those of many variables at once, as raw values: to parse them again for each would take most of
   * the time.
   */
  function keep(key: string, values: LogValues): void {
    const counted = Object.entries(values).filter(
      ([, value]) => typeof value === 'object' && value.kind === 'histogram',
    );
    if (counted.length < 2) return;
    if (histograms.size === MOST_KEPT_EVENTS) histograms.delete(histograms.keys().next().value!);
    histograms.set(key, new Map(counted.map(([tag, value]) => [tag, contentOf(value)!])));
  }

  async function read(part: Part, index: number): Promise<void> {
    const { path } = part.file;
    try {
      const end = await part.follower.read((event, place) => {
        part.bytesRead = place.offset + place.length;
        if (part.bytesRead <= part.until) events.take(event, index, place);
      });
      part.bytesRead = end.offset;
      problems.delete(path);
    } catch (error) {
      if (part.bytesRead >= part.until) return;
      const message = (error as Error).message.replaceAll(path, nameOf(path));
      problems.set(path, { path: nameOf(path), message: `${message}; what stands before it is shown` });
    }
  }

  return {
    kind: 'journal',
    paths,
    facts: events.facts,
    clocks: events.clocks,
    series: events.series.byTag,
    media: events.media,
    windows: events.windows,
    get story() {
      return events.story;
    },
    get problems() {
      return [...problems.values()];
    },
    get size() {
      return parts.reduce((sum, { file }) => sum + file.size, 0);
    },
    get bytesRead() {
      return parts.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    },
    get modifiedAt() {
      return Math.max(...parts.map(({ file }) => file.modifiedAt));
    },
    async advance() {
      let result: 'same' | 'grown' = 'same';
      for (const [index, part] of parts.entries()) {
        const looked = await part.file.look();
        if (looked === 'replaced') return 'replaced';
        if (looked === 'same') continue;
        await read(part, index);
        result = 'grown';
      }
      return result;
    },
    async content(tag, { place }) {
      const part = parts[place.file]!;
      if (!(await part.file.isStillThere())) return undefined;
      const key = `${place.file}:${place.offset}`;
      const kept = histograms.get(key)?.get(tag);
      if (kept !== undefined) return kept;
      // A page asks for many values of one event at once.
      let reading = underWay.get(key);
      if (reading === undefined) {
        reading = part.follower.event(place).finally(() => underWay.delete(key));
        underWay.set(key, reading);
      }
      const event = await reading;
      const values = event.type === 'log' ? event.values : {};
      if (!histograms.has(key)) keep(key, values);
      return Object.hasOwn(values, tag) ? contentOf(values[tag]!) : undefined;
    },
  };
}

function contentOf(value: LogValue): MediaContent | undefined {
  if (typeof value === 'number') return undefined;
  if (typeof value === 'string') return { kind: 'text', texts: [value] };
  switch (value.kind) {
    case 'text':
      return { kind: 'text', texts: [value.text] };
    case 'image':
      return { kind: 'image', images: [value.png], captions: [value.caption ?? ''] };
    case 'table':
      return { kind: 'table', columns: value.columns, rows: value.rows };
    case 'histogram':
      return 'counts' in value
        ? { kind: 'histogram', counts: value.counts, edges: value.edges }
        : histogramContent(value.values);
  }
}
