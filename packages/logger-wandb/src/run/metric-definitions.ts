import { assertBoolean, assertOneOf, assertOptions, show } from '@microbatch/core/logger';
import type { PlainMessage } from '../log/proto.js';
import { type MetricContent, metricRecord } from '../log/records.js';
import type { RowTable } from '../log/row-table.js';
import type { JsonValue } from '../log/value-json.js';
import { type ColumnState, createColumnStatistics } from './column-statistics.js';

/** What a run's summary shows of a metric instead of its latest value: `'none'` nothing, `'copy'` the latest value. */
export type MetricSummary = 'min' | 'max' | 'mean' | 'first' | 'last' | 'none' | 'copy';

/** How W&B is to treat a metric. */
export interface MetricDefinition {
  /** The metric that is its x-axis. */
  readonly stepMetric?: string;
  /**
   * A row that has the metric but not its `stepMetric` gets the latest value of that one; where absent, it does if a
   * `stepMetric` is given.
   */
  readonly stepSync?: boolean;
  /** Not among the charts that W&B makes by itself. */
  readonly hidden?: boolean;
  readonly summary?: MetricSummary | readonly MetricSummary[];
  readonly goal?: 'minimize' | 'maximize';
  /** Forgets what was defined before; else the new definition adds to it. */
  readonly overwrite?: boolean;
}

/** The metrics that a run defined, at work on the rows of its table. */
export interface MetricDefinitions {
  /** Throws a `TypeError` that names the option and the value. */
  define(name: string, definition: MetricDefinition): void;
  /** To be called before a row is written: makes metrics of globs, puts step metrics in, and counts for the summary. */
  completeRow(): void;
  /** The summary was set by hand: from now on it shows the latest value. */
  release(column: number): void;
  /** What the summary shows of a column; `undefined` for nothing. */
  summaryOf(column: number): JsonValue | undefined;
  state(): MetricsState;
  /** `columnOf` is the column that has the place of one of the state. */
  restore(state: MetricsState, columnOf: (column: number) => number): void;
}

/** What the rows so far left: plain data. */
export interface MetricsState {
  readonly statistics: readonly ColumnState[];
  /** Columns whose summary was set by hand. */
  readonly released: readonly number[];
  readonly latestSteps: Readonly<Record<string, number>>;
}

interface Metric {
  readonly stepMetric: string;
  readonly stepSync: boolean;
  readonly hidden: boolean;
  readonly summary: ReadonlySet<MetricSummary>;
  readonly goal: MetricDefinition['goal'];
}

/** What is done with the values of one column. */
interface ColumnRule {
  readonly metric: Metric;
  /** The metric whose latest value goes with it; empty for none. */
  readonly syncedStep: string;
  /** Whether the summary shows what was set by hand. */
  isReleased: boolean;
}

const OPTIONS = ['stepMetric', 'stepSync', 'hidden', 'summary', 'goal', 'overwrite'];
const SUMMARIES: readonly MetricSummary[] = ['min', 'max', 'mean', 'first', 'last', 'none', 'copy'];
const STATISTICS = ['last', 'first', 'max', 'min', 'mean'] as const;
const GOALS = { minimize: 1, maximize: 2 };
const NOTHING: Metric = { stepMetric: '', stepSync: false, hidden: false, summary: new Set(), goal: undefined };

/**
 * The rules are the official client's (wandb:core/internal/runmetric, core/internal/runsummary): a name ending in `*` stands
 * for all that begin like it and are not defined themselves; a nested value is called by its path, joined by dots.
 * `onRecord` gets what the log is to hold.
 */
export function createMetricDefinitions(table: RowTable, onRecord: (record: PlainMessage) => void): MetricDefinitions {
  const statistics = createColumnStatistics();
  const named = new Map<string, Metric>();
  const globs = new Map<string, Metric>();
  /** By column; filled as far as the columns have been looked at. */
  const rules: (ColumnRule | undefined)[] = [];
  let seen = 0;
  /** The latest number of each step metric since it was named as one, 0 before the first. */
  const latestSteps = new Map<string, number>();
  /** By name, the columns of step metrics. */
  const stepColumns = new Map<string, number>();
  let isActive = false;

  const nameOf = (column: number) => table.paths[column]!.join('.');

  function lookAtNewColumns(): void {
    for (; seen < table.paths.length; seen++) {
      const name = nameOf(seen);
      if (latestSteps.has(name)) stepColumns.set(name, seen);
      let metric = named.get(name);
      const glob = metric === undefined && !name.startsWith('_') ? matching(globs, name) : undefined;
      if (glob !== undefined) {
        metric = glob;
        named.set(name, glob);
        onRecord(metricRecord({ ...contentOf({ name }, glob, false), expandedFromGlob: true }));
      }
      rules[seen] = metric && { metric, syncedStep: metric.stepSync ? metric.stepMetric : '', isReleased: false };
    }
  }

  function putStep(name: string): void {
    let column = stepColumns.get(name);
    if (column === undefined) {
      column = table.columnAt(name.split('.'));
      stepColumns.set(name, column);
    }
    if (!table.has(column)) table.set(column, latestSteps.get(name)!);
  }

  function applyDefinitions(): void {
    if (seen < table.paths.length) lookAtNewColumns();
    for (const [name, column] of stepColumns) {
      const value = table.latest[column];
      if (table.has(column) && typeof value === 'number') latestSteps.set(name, value);
    }
    const { width } = table;
    for (let at = 0; at < width; at++) {
      const rule = rules[table.filled[at]!];
      if (rule !== undefined && rule.syncedStep !== '') putStep(rule.syncedStep);
    }
  }

  return {
    define(name, definition) {
      assertMetricDefinition(name, definition);
      const { overwrite = false, ...rest } = definition;
      const metrics = name.endsWith('*') ? globs : named;
      const before = overwrite ? NOTHING : (metrics.get(name) ?? NOTHING);
      const summary = [rest.summary ?? []].flat();
      const metric: Metric = {
        stepMetric: rest.stepMetric ?? before.stepMetric,
        stepSync: before.stepSync || (rest.stepSync ?? rest.stepMetric !== undefined),
        hidden: before.hidden || (rest.hidden ?? false),
        // 'none' holds until the next summary that is asked for.
        summary: summary.length === 0 ? before.summary : new Set([...without(before.summary, 'none'), ...summary]),
        goal: rest.goal ?? before.goal,
      };
      metrics.set(name, metric);
      if (metric.stepMetric !== '' && !latestSteps.has(metric.stepMetric)) latestSteps.set(metric.stepMetric, 0);
      // Defined at first by nothing but its name, a metric costs the rows nothing.
      isActive ||= metrics === globs || metric.stepSync || metric.summary.size > 0;
      onRecord(metricRecord(contentOf(metrics === globs ? { globName: name } : { name }, metric, true)));
      seen = 0;
    },
    state() {
      const released = rules.flatMap((rule, column) => (rule?.isReleased ? column : []));
      return { statistics: statistics.state(), released, latestSteps: Object.fromEntries(latestSteps) };
    },
    restore(state, columnOf) {
      for (const column of state.statistics) statistics.restore(columnOf(column.column), column);
      for (const [name, step] of Object.entries(state.latestSteps))
        if (latestSteps.has(name)) latestSteps.set(name, step);
      if (isActive) lookAtNewColumns();
      for (const column of state.released) {
        const rule = rules[columnOf(column)];
        if (rule !== undefined) rule.isReleased = true;
      }
    },
    completeRow() {
      if (isActive) applyDefinitions();
      const { filled, latest, width } = table;
      for (let at = 0; at < width; at++) statistics.add(filled[at]!, latest[filled[at]!]!);
    },
    release(column) {
      const rule = rules[column];
      if (rule !== undefined) rule.isReleased = true;
    },
    summaryOf(column) {
      // A null does not hide what was there before: the official client sends no update of the summary for it.
      const latest = table.latestValue(column);
      const rule = rules[column];
      if (rule === undefined || rule.isReleased) return latest;
      if (rule.metric.summary.has('none')) return undefined;
      const kinds = STATISTICS.filter((kind) => rule.metric.summary.has(kind));
      const counted = statistics.of(column);
      if (kinds.length === 0 || counted === undefined) return latest;
      const values = { last: table.latest[column]!, ...counted };
      return Object.fromEntries(kinds.map((kind) => [kind, values[kind]!]));
    },
  };
}

function matching(globs: ReadonlyMap<string, Metric>, name: string): Metric | undefined {
  for (const [glob, metric] of globs) if (name.startsWith(glob.slice(0, -1))) return metric;
  return undefined;
}

function without(set: ReadonlySet<MetricSummary>, item: MetricSummary): MetricSummary[] {
  return [...set].filter((one) => one !== item);
}

function contentOf(
  name: { readonly name: string } | { readonly globName: string },
  metric: Metric,
  defined: boolean,
): MetricContent {
  const { stepMetric, stepSync, hidden, summary, goal } = metric;
  return {
    ...name,
    ...(stepMetric === '' ? {} : { stepMetric }),
    options: { stepSync, hidden, defined },
    ...(summary.size === 0 ? {} : { summary: Object.fromEntries([...summary].map((kind) => [kind, true] as const)) }),
    goal: goal === undefined ? 0 : GOALS[goal],
  };
}

/** Throws a `TypeError` that names the option and the value. */
export function assertMetricDefinition(name: unknown, definition: MetricDefinition): void {
  if (typeof name !== 'string' || name === '' || name.slice(0, -1).includes('*')) {
    throw new TypeError(`defineMetric: the name must be a string with no * but at its end, not ${show(name)}`);
  }
  assertOptions('defineMetric', definition, OPTIONS);
  const { stepMetric, stepSync, hidden, summary, goal, overwrite } = definition;
  if (stepMetric !== undefined && (typeof stepMetric !== 'string' || stepMetric === '')) {
    throw new TypeError(`stepMetric must be a string that is not empty, not ${show(stepMetric)}`);
  }
  for (const kind of [summary ?? []].flat()) assertOneOf('summary', kind, SUMMARIES);
  if (goal !== undefined) assertOneOf('goal', goal, ['minimize', 'maximize']);
  for (const [option, value] of Object.entries({ stepSync, hidden, overwrite })) {
    if (value !== undefined) assertBoolean(option, value);
  }
}
