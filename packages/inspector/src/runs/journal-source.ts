import { followJournal, type JournalFollower } from '@microbatch/logger-journal';
import { type GrowingFile, growingFile } from './growing-file.js';
import { histogramContent } from './histogram-content.js';
import { createJournalEvents } from './journal-events.js';
import type { MediaContent } from './media-table.js';
import type { Problem, RunSource } from './run-source.js';

interface Part {
  readonly file: GrowingFile;
  readonly follower: JournalFollower;
  bytesRead: number;
}

/**
 * A run's journals: one, and one more for each time that the run went on, in this order. `nameOf` makes a path relative to
 * the root.
 */
export function journalSource(paths: readonly string[], nameOf: (path: string) => string): RunSource {
  const parts: Part[] = paths.map((path) => ({
    file: growingFile(path),
    follower: followJournal(path),
    bytesRead: 0,
  }));
  const events = createJournalEvents();
  const problems = new Map<string, Problem>();

  async function read(part: Part, index: number): Promise<void> {
    const { path } = part.file;
    try {
      const end = await part.follower.read((event, place) => {
        part.bytesRead = place.offset + place.length;
        events.take(event, index, place);
      });
      part.bytesRead = end.offset;
      problems.delete(path);
    } catch (error) {
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
    async content(tag, { place }): Promise<MediaContent | undefined> {
      const part = parts[place.file]!;
      if (!(await part.file.isStillThere())) return undefined;
      const event = await part.follower.event(place);
      const value = event.type === 'log' && Object.hasOwn(event.values, tag) ? event.values[tag] : undefined;
      if (value === undefined || typeof value === 'number') return undefined;
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
    },
  };
}
