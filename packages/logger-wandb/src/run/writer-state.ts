import type { RowTable } from '../log/row-table.js';
import { type JsonValue, parseValueJson, valueJsonText } from '../log/value-json.js';
import type { MetricDefinitions, MetricsState } from './metric-definitions.js';

/** What a run's summary is made of, so that a resumed run goes on with it: plain data, values as JSON texts. */
export interface WriterState {
  readonly columns: readonly {
    readonly path: readonly string[];
    readonly latest?: string;
    /** The latest value that is not null, where the latest is. */
    readonly beforeNull?: string;
  }[];
  readonly metrics: MetricsState;
}

export function writerState(table: RowTable, metrics: MetricDefinitions): WriterState {
  const columns = table.paths.map((path, column) => {
    const [latest, shown] = [table.latest[column], table.latestValue(column)];
    return {
      path,
      ...(latest === undefined ? {} : { latest: valueJsonText(latest) }),
      ...(latest === null && shown !== undefined && shown !== null ? { beforeNull: valueJsonText(shown) } : {}),
    };
  });
  return { columns, metrics: metrics.state() };
}

/** To be called before the first row, when the metrics are defined. */
export function restoreWriter(state: WriterState, table: RowTable, metrics: MetricDefinitions): void {
  const places = state.columns.map(({ path, latest, beforeNull }) => {
    const column = table.columnAt(path);
    const value = beforeNull ?? latest;
    if (value !== undefined) table.setLatest(column, parseValueJson(value) as JsonValue);
    if (beforeNull !== undefined) table.set(column, null);
    return column;
  });
  table.clear();
  metrics.restore(state.metrics, (column) => places[column]!);
}
