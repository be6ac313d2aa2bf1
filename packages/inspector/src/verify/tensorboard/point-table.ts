import type { EventFile, PointKind } from './load-event-file.js';

/** One point that was found. */
export interface FoundPoint {
  readonly kind: PointKind;
  readonly value: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Of a text. */
  readonly text: string | undefined;
  readonly file: string;
}

/** The points of the event files of one run's folder, by tag and x; of many for one tag and x, the first. */
export interface PointTable {
  /** Hands out a point, once. */
  take(tag: string, x: number): FoundPoint | undefined;
  /** Those that nobody took, by tag, in rising order. */
  rest(): readonly { readonly tag: string; readonly xs: readonly number[]; readonly file: string }[];
  /** Of the last point at or before `x` that was not taken, in seconds since 1970. */
  wallTime(tag: string, x: number): number | undefined;
  /** The highest x. */
  readonly lastX: number;
}

interface Place {
  readonly file: EventFile;
  readonly at: number;
}

export function createPointTable(files: readonly EventFile[]): PointTable {
  const tags = new Map<string, Map<number, Place>>();
  let lastX = Number.NEGATIVE_INFINITY;
  for (const file of files) {
    for (const [tag, { x }] of file.tags) {
      const places = tags.get(tag) ?? new Map<number, Place>();
      tags.set(tag, places);
      for (let at = 0; at < x.length; at += 1) {
        lastX = Math.max(lastX, x.at(at));
        if (!places.has(x.at(at))) places.set(x.at(at), { file, at });
      }
    }
  }

  return {
    lastX,
    take(tag, x) {
      const place = tags.get(tag)?.get(x);
      if (place === undefined) return undefined;
      tags.get(tag)!.delete(x);
      const { file, at } = place;
      const { kind, value, wallTime, texts } = file.tags.get(tag)!;
      return { kind, value: value.at(at), wallTime: wallTime.at(at), text: texts[at], file: file.path };
    },
    wallTime(tag, x) {
      const place = tags.get(tag)?.get(x);
      return place?.file.tags.get(tag)?.wallTime.at(place.at);
    },
    rest: () =>
      [...tags]
        .filter(([, places]) => places.size > 0)
        .map(([tag, places]) => ({
          tag,
          xs: [...places.keys()].sort((a, b) => a - b),
          file: [...places.values()][0]!.file.path,
        })),
  };
}
