import type { WandbRow } from '@microbatch/logger-wandb';
import { ClockTable } from './clock-table.js';
import { type MediaKind, MediaTable } from './media-table.js';
import { type Series, SeriesMap } from './series.js';

/** One column of a W&B run's rows. */
export interface RowColumn {
  readonly tag: string;
  /** What the column is for: a clock's index in a row, what kind of value an object is, a number of the user's. */
  readonly role: 'clock' | 'type' | 'value' | 'hidden';
  readonly clock: number;
  /** The object that the column lies in; `''` where it lies in none. */
  readonly parent: string;
  series: Series | undefined;
}

const CLOCK_KEYS = ['_step', 'trainer/micro_step', 'trainer/step', 'trainer/samples', 'epoch', '_timestamp'];
const TIMESTAMP = CLOCK_KEYS.indexOf('_timestamp');

/** By the JSON text of an object's `_type`. */
const KINDS: ReadonlyMap<string | undefined, MediaKind> = new Map([
  ['"histogram"', 'histogram'],
  ['"image-file"', 'image'],
  ['"images/separated"', 'image'],
  ['"table-file"', 'table'],
]);

/** Puts the rows of a W&B run into series. */
export interface WandbRows {
  readonly clocks: ClockTable;
  readonly series: SeriesMap;
  readonly media: MediaTable;
  column(path: readonly string[]): RowColumn;
  /** Takes the next row, whose record begins at byte `offset` of the run's `file`-th log. */
  take(row: WandbRow<RowColumn>, file: number, offset: number): void;
}

/** A run without rows. */
export function createWandbRows(): WandbRows {
  const clocks = new ClockTable(['logged', 'microStep', 'step', 'samples', 'epoch', 'time']);
  const series = new SeriesMap(clocks);
  const media = new MediaTable();
  /** Objects that say what they are, as pictures do: their fields are no metrics. */
  const mediaTags = new Set<string>();
  const clockValues = new Array<number>(CLOCK_KEYS.length);
  const steps = clocks.columns.logged!;

  /** Another log of the run may begin at a step that is there: what was written last counts. */
  function cutFrom(step: number): void {
    if (clocks.length === 0 || !(step <= steps.values[clocks.length - 1]!)) return;
    const isGone = (row: number) => steps.values[row]! >= step;
    series.cut(isGone);
    media.cut(isGone);
  }

  return {
    clocks,
    series,
    media,
    column(path) {
      const tag = path.join('.');
      const parent = path.slice(0, -1).join('.');
      const clock = path.length === 1 ? CLOCK_KEYS.indexOf(tag) : -1;
      return { tag, role: roleOf(path, clock), clock, parent, series: undefined };
    },
    take({ length, columns, numbers, texts }, file, offset) {
      clockValues.fill(Number.NaN);
      for (let i = 0; i < length; i++) {
        const { role, clock, parent } = columns[i]!;
        if (role === 'clock') clockValues[clock] = numbers[i]! * (clock === TIMESTAMP ? 1000 : 1);
        else if (role === 'type') mediaTags.add(parent);
      }
      cutFrom(clockValues[0]!);
      const row = clocks.add(...clockValues);
      for (let i = 0; i < length; i++) {
        const column = columns[i]!;
        const text = texts[i];
        if (column.role === 'type') {
          const kind = KINDS.get(text);
          if (kind !== undefined) media.add(column.parent, kind, { row, place: { file, offset, length: 0 } });
        } else if (column.role === 'value' && !mediaTags.has(column.parent)) {
          if (text === undefined) {
            column.series ??= series.of(column.tag);
            column.series.add(row, numbers[i]!);
          } else if (text.startsWith('"')) {
            media.add(column.tag, 'text', { row, place: { file, offset, length: 0 } });
          }
        }
      }
    },
  };
}

function roleOf(path: readonly string[], clock: number): RowColumn['role'] {
  if (clock >= 0) return 'clock';
  if (path.length > 1 && path.at(-1) === '_type') return 'type';
  // W&B's own, which its pages show as axes alone.
  return path.length === 1 && path[0]!.startsWith('_') ? 'hidden' : 'value';
}
