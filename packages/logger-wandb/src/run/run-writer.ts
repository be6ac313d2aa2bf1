import { type Artifact, artifactRecord } from '../artifacts/artifact.js';
import {
  configRecord,
  exitRecord,
  FINAL_RECORD,
  type FileKind,
  type FilePolicy,
  filesRecord,
  headerRecord,
  outputRecord,
  type RunDescription,
  runRecord,
  statsRecord,
  summaryRecord,
} from '../log/records.js';
import { createRowTable, type RowTable } from '../log/row-table.js';
import type { RunLog } from '../log/run-log.js';
import { forEachLeaf, type JsonValue } from '../log/value-json.js';
import { createMetricDefinitions, type MetricDefinition } from './metric-definitions.js';
import { createRunTime, type RunTime } from './run-time.js';
import { restoreWriter, type WriterState, writerState } from './writer-state.js';

/** A run that SIGKILL ends keeps a summary no older than this. */
const SUMMARY_EVERY_MS = 30_000;

/** Writes one run's log. Times in ms since 1970. */
export interface RunWriter {
  readonly description: RunDescription;
  readonly runTime: RunTime;
  /** Holds the open row. */
  readonly table: RowTable;
  /** Writes the table's row as that of `step`, unless an earlier process has. */
  putRow(step: number, timeMs: number): void;
  defineMetric(name: string, definition?: MetricDefinition): void;
  updateConfig(config: Readonly<Record<string, JsonValue>>): void;
  /** Sets what the summary shows of a column of the table, whatever the rows hold. */
  setSummary(column: number, value: JsonValue): void;
  /** What the summary shows, by path. */
  summary(): Iterable<readonly [path: readonly string[], value: JsonValue]>;
  addFiles(paths: readonly string[], policy: FilePolicy, kind: FileKind): void;
  /** Adds an artifact whose files are copied already. */
  addArtifact(artifact: Artifact): void;
  addStats(values: Readonly<Record<string, number>>, timeMs: number): void;
  addOutput(kind: 'stdout' | 'stderr', text: string, timeMs: number): void;
  /** Writes through what has waited long enough; to be called at the end of each call from outside. */
  settle(): void;
  /** Returns when everything is on the disk, the summary too; the open row stays open. */
  sync(timeMs: number): void;
  /** What the summary is made of. */
  state(): WriterState;
  /** Goes on with another process's; to be called before the first row, when the metrics are defined. */
  restore(state: WriterState): void;
  /** Writes the summary and the records of the end, and closes the log. */
  close(exitCode: number, timeMs: number): void;
}

/** Writes the run's first records to an empty log. */
export function createRunWriter(
  log: RunLog,
  description: RunDescription,
  options: {
    /** Told of each row that is written, while the table still holds it. */
    readonly onRow: (table: RowTable, step: number) => void;
    /** The last step whose row an earlier process of the run has written. */
    readonly lastStep?: number | undefined;
  },
): RunWriter {
  const table = createRowTable();
  const metrics = createMetricDefinitions(table, log.record);
  const { lastStep = -1 } = options;
  const runTime = createRunTime(description);
  let summarizedAt = description.startedAt;
  let isSummarized = false;

  const runtimeSeconds = (timeMs: number) => Math.floor(runTime.secondsAt(timeMs));

  function* summary(): Generator<[readonly string[], JsonValue]> {
    for (const [column, path] of table.paths.entries()) {
      const value = metrics.summaryOf(column);
      if (value !== undefined && value !== null) yield [path, value];
    }
  }

  function putSummary(timeMs: number): void {
    if (isSummarized) return;
    log.record(summaryRecord(summary(), runtimeSeconds(timeMs)));
    summarizedAt = timeMs;
    isSummarized = true;
  }

  log.record(headerRecord('microbatch'));
  log.record(runRecord(description));
  for (const [key, value] of Object.entries(description.summary ?? {})) {
    if (key !== '_wandb') forEachLeaf(key, value, (path, leaf) => table.setLatest(table.columnAt(path), leaf));
  }

  return {
    description,
    runTime,
    table,
    putRow(step, timeMs) {
      metrics.completeRow();
      if (step > lastStep) {
        log.row(table, step);
        options.onRow(table, step);
      }
      isSummarized = false;
      if (timeMs - summarizedAt >= SUMMARY_EVERY_MS) putSummary(timeMs);
    },
    defineMetric(name, definition = {}) {
      metrics.define(name, definition);
    },
    updateConfig(config) {
      log.record(configRecord(config));
    },
    setSummary(column, value) {
      table.setLatest(column, value);
      metrics.release(column);
      isSummarized = false;
    },
    summary,
    addFiles(paths, policy, kind) {
      log.record(filesRecord(paths, policy, kind));
    },
    addArtifact(artifact) {
      log.record(artifactRecord(artifact));
    },
    addStats(values, timeMs) {
      log.record(statsRecord(values, timeMs));
      log.settle();
    },
    addOutput(kind, text, timeMs) {
      log.record(outputRecord(kind, text, timeMs));
      log.settle();
    },
    settle: log.settle,
    sync(timeMs) {
      putSummary(timeMs);
      log.sync();
    },
    state: () => writerState(table, metrics),
    restore: (state) => restoreWriter(state, table, metrics),
    close(exitCode, timeMs) {
      try {
        putSummary(timeMs);
        log.record(exitRecord(exitCode, runtimeSeconds(timeMs)));
        log.record(FINAL_RECORD);
        log.sync();
      } finally {
        log.close();
      }
    },
  };
}
