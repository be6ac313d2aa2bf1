import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { RowTable } from '../log/row-table.js';
import { createRunLog, DISCARDING_LOG } from '../log/run-log.js';
import { type JsonValue, toJsonValue } from '../log/value-json.js';
import { captureConsole } from '../machine/console-capture.js';
import { METADATA_FILE, metadata } from '../machine/metadata.js';
import { startSystemMetrics } from '../machine/system-metrics.js';
import { createMediaWriter, isMedia } from '../media/media-writer.js';
import type { WandbSettings } from '../settings/settings.js';
import { claimLog } from '../upload/log-writer.js';
import { startUplink, type Uplink } from '../upload/uplink.js';
import { uploadPace } from '../upload/upload-pace.js';
import type { RunConsole } from './console.js';
import type { MetricDefinition } from './metric-definitions.js';
import { assertNotOnline, noteOnline } from './online-runs.js';
import { createRunFolder } from './run-folder.js';
import { createRunWriter, type RunWriter } from './run-writer.js';

/** A run at work: its log, and all that goes on beside it. Times in ms since 1970. */
export interface OpenRun {
  readonly writer: RunWriter;
  /** The run's folder; empty for a disabled run. */
  readonly path: string;
  /** Where the run's own files go; absent for a disabled run. */
  readonly filesDir: string | undefined;
  /** Where a browser shows the run; absent offline, and before the server knows it. */
  readonly url: string | undefined;
  /** The form that a value takes in the row of `step`. Throws a `TypeError` that says why it has none. */
  toRowValue(key: string, step: number, value: unknown): JsonValue;
  /** Ends the log. To be followed by `uploaded` or `release`. */
  close(exitCode: number, timeMs: number): void;
  /**
   * Resolves when the upload of the ended log is over, at once offline; or when `limitMs` ran out: it then goes on by
   * itself.
   */
  uploaded(limitMs?: number): Promise<void>;
  /** The process is going: lets go of the upload, which finishes by itself. */
  release(): void;
}

/** An upload that takes longer at the end says how far it is. */
const PATIENCE_MS = 10_000;

/**
 * Makes the run's folder and begins its log, and its upload where the settings say so. Throws the file system's error, or a
 * `LoggerError`: `run-in-use` where the run is online already.
 */
export function openRun(
  settings: WandbSettings,
  description: RunDescription,
  options: {
    readonly lines: RunConsole;
    readonly onNotice: (notice: LoggerNotice) => void;
    readonly metrics: Readonly<Record<string, MetricDefinition>>;
    /** Told of each row that is written, while the table still holds it. */
    readonly onRow?: (table: RowTable, step: number) => void;
    /** The last step whose row an earlier process of the run has written. */
    readonly lastStep?: number | undefined;
  },
): OpenRun {
  const { lines, onNotice, metrics, onRow, lastStep } = options;
  if (settings.mode === 'disabled') return disabledRun(description);

  const isOnline = settings.mode === 'online';
  const isUploaded = isOnline && settings.transport === 'log';
  if (isUploaded) assertNotOnline(settings, description);
  const folder = createRunFolder(settings.dir, description, isOnline ? 'run' : 'offline-run');
  const filesDir = join(folder.path, 'files');
  const writer = createRunWriter(createRunLog(folder.logPath), description, {
    lastStep,
    onRow(table, step) {
      rows++;
      onRow?.(table, step);
    },
  });
  const media = createMediaWriter({
    filesDir,
    onFile: (path) => writer.addFiles([path], 'now', 'media'),
    onNotice,
  });
  const stops: (() => void)[] = [];
  let letGo = () => {};
  let endOnline = () => {};
  let uplink: Uplink | undefined;
  let rows = 0;
  let sentRows = 0;
  let filesWaiting = 0;
  let isTold = false;

  /** What goes on beside the rows must not end them: a disk that is full fails the rows as well, which tell of it. */
  function beside(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      // What the disk refuses waits in memory: nothing more may come.
      for (const stop of stops.splice(0)) stop();
      if (isTold) return;
      isTold = true;
      const message = `${what} is not logged: ${(error as Error).message}`;
      onNotice({ level: 'warn', code: 'not-logged', message });
    }
  }

  beside('which process writes the run', () => {
    letGo = claimLog(folder.logPath).release;
  });
  if (settings.saveMetadata) {
    beside(METADATA_FILE, () => {
      const { startedAt, host, git } = description;
      const about = metadata({
        startedAt,
        host,
        git,
        root: settings.dir,
        program: settings.program,
        secrets: settings.secrets(),
      });
      writeFileSync(join(filesDir, METADATA_FILE), `${JSON.stringify(about, null, 2)}\n`);
      writer.addFiles([METADATA_FILE], 'now', 'wandb');
    });
  }
  if (settings.systemMetrics) {
    stops.push(
      startSystemMetrics({
        everyMs: settings.systemMetricsEveryMs,
        onSample: (values) => beside('a system metric', () => writer.addStats(values, Date.now())),
      }),
    );
  }
  if (settings.captureConsole) {
    stops.push(
      captureConsole((kind, text) => beside('console output', () => writer.addOutput(kind, text, Date.now()))),
    );
  }
  for (const [name, definition] of Object.entries(metrics)) writer.defineMetric(name, definition);
  writer.settle();
  lines.opened(folder.path);
  if (isUploaded) {
    endOnline = noteOnline(settings, description);
    uplink = startUplink({
      logPath: folder.logPath,
      baseUrl: settings.baseUrl,
      apiKey: settings.key()!,
      onStart: lines.started,
      onProgress({ acknowledged, files }) {
        sentRows = acknowledged.history;
        filesWaiting = files.count;
      },
      onStopRequested() {
        lines.stopRequested();
        settings.onStopRequest();
      },
      onNotice,
      pace: uploadPace.value,
    });
  }

  return {
    writer,
    path: folder.path,
    filesDir,
    get url() {
      return uplink?.url;
    },
    toRowValue: media.toRowValue,
    close(exitCode, timeMs) {
      for (const stop of stops) stop();
      try {
        writer.close(exitCode, timeMs);
      } finally {
        letGo();
      }
    },
    async uploaded(limitMs) {
      if (uplink === undefined) return lines.closed(folder.path);
      const patience = setTimeout(() => lines.uploading(rows, sentRows, filesWaiting), PATIENCE_MS);
      const end = await uplink.finish(limitMs === undefined ? {} : { limitMs });
      clearTimeout(patience);
      endOnline();
      lines.uploaded(folder.path, end);
    },
    release() {
      endOnline();
      uplink?.release();
      if (uplink === undefined) lines.closed(folder.path);
      else lines.released(folder.path);
    },
  };
}

/** A run that nobody keeps. */
function disabledRun(description: RunDescription): OpenRun {
  return {
    writer: createRunWriter(DISCARDING_LOG, description, { onRow() {} }),
    path: '',
    filesDir: undefined,
    url: undefined,
    toRowValue: (_key, _step, value) => (isMedia(value) ? null : toJsonValue(value)),
    close() {},
    async uploaded() {},
    release() {},
  };
}
