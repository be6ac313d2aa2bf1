import { type EventListener, followRun, type RunFollower } from 'tensorboard-writer';
import { ClockTable } from './clock-table.js';
import { type MediaKind, MediaTable } from './media-table.js';
import { SeriesMap } from './series.js';

const KINDS: Readonly<Record<string, MediaKind>> = { histogram: 'histogram', image: 'image', text: 'text' };

/** Where a value of the hparams plugin lies. */
interface HParamsPlace {
  readonly file: number;
  readonly offset: number;
}

/** Puts a run together from its event files, as TensorBoard shows them. */
export interface TensorboardEvents {
  readonly clocks: ClockTable;
  readonly series: SeriesMap;
  readonly media: MediaTable;
  /** Those that nobody has looked at yet; who does takes them out. */
  readonly hparams: HParamsPlace[];
  /** What reads the files of one folder, whose tags get `prefix`. The `file`-th file is being read from now on. */
  follower(prefix: string): RunFollower;
  begin(file: number, follower: RunFollower): void;
}

/** A run without events. */
export function createTensorboardEvents(): TensorboardEvents {
  const clocks = new ClockTable(['logged', 'time']);
  const series = new SeriesMap(clocks);
  const media = new MediaTable();
  const hparams: HParamsPlace[] = [];
  const steps = clocks.columns.logged!;
  const times = clocks.columns.time!;
  let file = 0;
  let reading: RunFollower | undefined;

  /** Values that are logged together share their row. */
  function rowOf(step: number, time: number): number {
    const last = clocks.length - 1;
    if (last >= 0 && steps.values[last] === step && times.values[last] === time) return last;
    return clocks.add(step, time);
  }

  const isFrom = (step: number) => (row: number) => steps.values[row]! >= step;

  function listener(prefix: string): EventListener {
    return {
      scalars(tag) {
        const one = series.of(prefix + tag);
        return {
          add(step, value, wallTime) {
            // Also what lies behind a step that is written again: TensorBoard shows what was written last.
            if (one.length > 0 && steps.values[one.rows.values[one.length - 1]!]! >= step) one.cut(isFrom(step));
            one.add(rowOf(step, wallTime * 1000), value);
          },
        };
      },
      other({ tag, kind, plugin, step, wallTime }) {
        const offset = reading!.offset;
        const shown = KINDS[kind];
        if (shown !== undefined) {
          media.add(prefix + tag, shown, { row: rowOf(step, wallTime * 1000), place: { file, offset, length: 0 } });
        } else if (plugin === 'hparams') {
          hparams.push({ file, offset });
        }
      },
      session(status, step) {
        if (status !== 'start' || step === 0) return;
        for (const one of series.byTag.values()) if (one.tag.startsWith(prefix)) one.cut(isFrom(step));
        media.cut(isFrom(step));
      },
    };
  }

  return {
    clocks,
    series,
    media,
    hparams,
    follower: (prefix) => followRun(listener(prefix)),
    begin(next, follower) {
      file = next;
      reading = follower;
    },
  };
}
