import type { RunAnswer } from '../src/view/protocol.js';
import { count, duration, moment, numberOf, short } from './format.js';
import { stateText } from './run-state.js';

/** A column of the table of runs. */
export interface RunColumn {
  readonly name: string;
  readonly title: string;
  readonly isNumber: boolean;
  /** What sorts; undefined goes last. */
  value(run: RunAnswer): number | string | undefined;
  text(run: RunAnswer): string;
}

function number(name: string, title: string, value: (run: RunAnswer) => number | undefined, text = short): RunColumn {
  return {
    name,
    title,
    isNumber: true,
    value,
    text(run) {
      const found = value(run);
      return found === undefined ? '' : text(found);
    },
  };
}

const OF_EVERY_RUN: readonly RunColumn[] = [
  { name: 'state', title: 'State', isNumber: false, value: stateText, text: stateText },
  number('started', 'Started', ({ startedAt }) => startedAt, moment),
  number(
    'duration',
    'Duration',
    ({ startedAt, last: { time } }) =>
      startedAt === undefined || time === undefined ? undefined : Math.max(0, time - startedAt) / 1000,
    duration,
  ),
  number('microStep', 'Micro-batches', ({ last }) => last.microStep, count),
  number('step', 'Steps', ({ last }) => last.step, count),
  number('samples', 'Samples', ({ last }) => last.samples, count),
  number('epoch', 'Epoch', ({ last }) => last.epoch),
];

const MOST_CONFIG_COLUMNS = 8;
const SHOWN_FIRST = /^(train\/(loss|accuracy)|valid\/.*|loss|accuracy|valid_loss|raw_loss)$/;

/** The columns that runs have: what every run has, its latest values by tag, and what of the config differs between runs. */
export function runColumns(runs: readonly RunAnswer[], tags: readonly string[]): readonly RunColumn[] {
  const numbers = [...new Set(runs.flatMap((run) => run.tags))].sort((a, b) => (tags[a]! < tags[b]! ? -1 : 1));
  const latest = numbers.map((tag) =>
    number(`tag ${tag}`, tags[tag]!, (run) => {
      const at = run.tags.indexOf(tag);
      return at < 0 ? undefined : numberOf(run.latest[at]!);
    }),
  );
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  const config = keys.map((key): RunColumn => {
    const value = (run: RunAnswer) => (Object.hasOwn(run.config, key) ? run.config[key]! : undefined);
    return {
      name: `config ${key}`,
      title: key,
      isNumber: runs.every((run) => value(run) === undefined || !Number.isNaN(Number(value(run)))),
      value: (run) => {
        const text = value(run);
        return text === undefined || text === '' || Number.isNaN(Number(text)) ? text : Number(text);
      },
      text: (run) => value(run) ?? '',
    };
  });
  return [...OF_EVERY_RUN, ...latest, ...config];
}

/** Which columns are shown until the reader chooses others. */
export function shownFirst(columns: readonly RunColumn[], runs: readonly RunAnswer[]): ReadonlySet<string> {
  const differing = columns
    .filter(({ name }) => name.startsWith('config '))
    .filter((column) => new Set(runs.map((run) => column.text(run))).size > 1)
    .slice(0, MOST_CONFIG_COLUMNS);
  // The sign beside the name says how a run is doing.
  const filled = OF_EVERY_RUN.filter(
    (column) => column.name !== 'state' && runs.some((run) => column.value(run) !== undefined),
  );
  const values = columns.filter(({ name, title }) => name.startsWith('tag ') && SHOWN_FIRST.test(title));
  return new Set([...filled, ...values, ...differing].map(({ name }) => name));
}

/** Sorts by a column; runs without a value go last, whichever way. */
export function sortRuns(runs: readonly RunAnswer[], column: RunColumn, isRising: boolean): readonly RunAnswer[] {
  const sign = isRising ? 1 : -1;
  return runs.toSorted((one, other) => {
    const [a, b] = [column.value(one), column.value(other)];
    const [lacksA, lacksB] = [isMissing(a), isMissing(b)];
    if (lacksA || lacksB) return Number(lacksA) - Number(lacksB);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  });
}

function isMissing(value: number | string | undefined): boolean {
  return value === undefined || (typeof value === 'number' && Number.isNaN(value));
}
