import { hostname } from 'node:os';
import { addExitHook, LoggerError, show } from '@microbatch/core/logger';
import type { ArtifactOptions } from './artifacts/artifact-options.js';
import type { ArtifactSource } from './artifacts/find-contents.js';
import { createRunArtifacts, type LoggedArtifact } from './artifacts/run-artifacts.js';
import { setAt } from './log/nested.js';
import { forEachLeaf } from './log/value-json.js';
import { attempt } from './run/attempt.js';
import { createConsole, guardedListener } from './run/console.js';
import type { MetricDefinition } from './run/metric-definitions.js';
import { openRun } from './run/open-run.js';
import { createPartialRows, type LogOptions } from './run/partial-rows.js';
import { resumeRun } from './run/resume-run.js';
import { createRunConfig, type RunConfig } from './run/run-config.js';
import { createRunNotices } from './run/run-notices.js';
import { createSavedFiles, type SaveOptions } from './run/saved-files.js';
import { EXIT_CODES } from './run/session.js';
import type { WandbOptions } from './settings/options.js';
import { resolveSettings } from './settings/settings.js';

/** What `startRun()` takes: the options of `wandb()` but those that are about a training run's events. */
export type StartRunOptions = Omit<WandbOptions, 'stepAxis' | 'names' | 'transport'>;

/** What 32 bits hold. */
const MAX_EXIT_CODE = 2 ** 31 - 1;
const TRAINING_OPTIONS = ['stepAxis', 'names', 'transport'];

/** What a run's summary shows. */
export interface RunSummary {
  /** A copy of it; values inside objects are nested. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Sets values, whatever is logged before; a value that is logged later takes its place. */
  update(values: Readonly<Record<string, unknown>>): void;
}

/**
 * A W&B run that is being written. What the disk refuses is told once, as a notice, and by `finish`: no method ends the
 * program's own work for it. Each throws a `TypeError` for wrong arguments, and a `LoggerError`: `not-open` after `finish`,
 * `value-dropped` or `step-refused` in a strict run for a value that is not logged.
 */
export interface ActiveRun extends AsyncDisposable {
  readonly id: string;
  readonly name: string | undefined;
  readonly project: string | undefined;
  readonly entity: string | undefined;
  /** The run's folder; empty for a disabled run. */
  readonly path: string;
  /** Where a browser shows the run; absent offline, and before the server knows it. */
  readonly url: string | undefined;
  /** The step of the open row, or of the next one. */
  readonly step: number;
  readonly config: RunConfig;
  readonly summary: RunSummary;
  /**
   * Adds values to a row: numbers, text, histograms, images, tables, and what has a JSON form; objects become nested values.
   * Without a `step` the row is complete with this call. A row of a given step is open until a later step; an older one is
   * refused (notice `step-refused`), as is a value that can't be shown (`value-dropped`).
   */
  log(values: Readonly<Record<string, unknown>>, options?: LogOptions): void;
  /** Says how W&B is to show a metric, or, by a name that ends in `*`, all whose names begin like it. */
  defineMetric(name: string, definition?: MetricDefinition): void;
  /**
   * Puts files into the run's folder, to be uploaded with it: those at `pattern`, a path or a glob. Returns their paths
   * below the run's `files/`; none where there is nothing, which is told (notice `file-not-found`).
   */
  save(pattern: string, options?: SaveOptions): string[];
  /**
   * Logs files as a version of an artifact: a model, a data set. `source` is a file, a folder, or an object of them by their
   * path in the artifact; they are copied into the run's folder and may change afterwards. Resolves when they are, with
   * nothing where the run is disabled or its disk has failed. Rejects with a `TypeError`, or a `LoggerError`:
   * `file-not-found`, `artifact-failed`, `not-open`.
   */
  logArtifact(source: ArtifactSource, options?: ArtifactOptions): Promise<LoggedArtifact | undefined>;
  /** Returns when everything logged is on the disk; the open row stays open. */
  flush(): void;
  /**
   * Ends the run, 0 for success; artifacts that are being copied still belong to it. Resolves when the upload is over, where
   * the run is online. Rejects with a `LoggerError` where the disk refused something.
   */
  finish(exitCode?: number): Promise<void>;
}

/**
 * Starts a run, as `wandb.init()` of the Python client does. A program that ends without `finish()` ends its run with its own
 * exit code, 1 after an uncaught error, 255 after a signal. Rejects with a `TypeError` that names the option and the value,
 * or a `LoggerError`: `no-key`, `bad-key`, `resume-must`, `resume-never`, `open-failed`.
 */
export async function startRun(options: StartRunOptions = {}): Promise<ActiveRun> {
  const settings = resolveSettings(options, process.env);
  for (const name of TRAINING_OPTIONS) {
    if (Object.hasOwn(options, name)) throw new TypeError(`startRun: ${name} is an option of wandb() alone`);
  }
  const lines = createConsole(settings);
  const onNotice = guardedListener(options.onNotice ?? lines.notice);
  for (const notice of settings.notices) onNotice(notice);
  const startedAt = Date.now();
  const described = settings.describe({ startedAt }, hostname());
  const description = await resumeRun(settings, described, onNotice);
  const run = attempt('open-failed', `can't write a run into dir ${show(settings.dir)}`, () =>
    openRun(settings, description, { lines, onNotice, metrics: settings.metrics }),
  );
  const { writer } = run;
  const notices = createRunNotices({ strict: settings.strict, onNotice });
  const rows = createPartialRows(writer.table, {
    startingStep: description.startingStep ?? 0,
    runTime: writer.runTime,
    toRowValue: run.toRowValue,
    onRow: writer.putRow,
    notices,
  });
  const savedFiles = run.filesDir === undefined ? undefined : createSavedFiles(run.filesDir, onNotice);
  let failure: LoggerError | undefined;
  let finished: Promise<void> | undefined;
  let isClosed = false;

  function assertOpen(isOpen: boolean): void {
    if (!isOpen) throw new LoggerError('wandb', 'not-open', 'wandb: the run is finished');
  }

  /** Does what the user's call writes to the disk. */
  function write(work: () => void): void {
    assertOpen(finished === undefined);
    put(work);
  }

  /** Writes to the disk. After a failure nothing is written any more: a part of the run would look like all of it. */
  function put(work: () => void): void {
    if (failure !== undefined) return;
    try {
      attempt('write-failed', `${run.path} can't be written`, () => {
        work();
        writer.settle();
      });
    } catch (error) {
      if (!(error instanceof LoggerError)) throw error;
      failure = error;
      onNotice({ level: 'error', code: error.code, message: `${error.message}; this run logs nothing more` });
    }
    notices.throwRefused();
  }

  const artifacts = createRunArtifacts(description, {
    path: run.filesDir === undefined ? undefined : run.path,
    write(artifact) {
      assertOpen(!isClosed);
      put(() => writer.addArtifact(artifact));
      return failure === undefined;
    },
  });

  function tellUncopied(): void {
    if (artifacts.waiting === 0) return;
    const message = `the process ends while artifacts are copied: ${artifacts.waiting} of them are not logged`;
    onNotice({ level: 'warn', code: 'artifact-not-logged', message });
  }

  function closeLog(exitCode: number): void {
    const now = Date.now();
    isClosed = true;
    try {
      savedFiles?.keep();
      if (failure === undefined) rows.close(now);
    } finally {
      run.close(exitCode, now);
    }
  }

  async function finish(exitCode: number): Promise<void> {
    // Only where there is something to wait for: else the log is closed when this returns.
    if (artifacts.waiting > 0) await artifacts.settled();
    removeHook();
    try {
      attempt('close-failed', `the end of ${run.path} is not written`, () => closeLog(exitCode));
    } catch (error) {
      failure ??= error as LoggerError;
    }
    await run.uploaded();
    if (failure !== undefined) throw failure;
  }

  const removeHook = addExitHook({
    flushSync() {
      if (failure === undefined) writer.sync(Date.now());
    },
    exitSync(outcome, exitCode = EXIT_CODES[outcome]) {
      if (isClosed) return;
      finished ??= Promise.resolve();
      try {
        tellUncopied();
        closeLog(exitCode);
        run.release();
      } catch (error) {
        onNotice({ level: 'error', code: 'exit-failed', message: (error as Error).message });
      }
    },
  });

  const active: ActiveRun = {
    id: description.id,
    name: description.name,
    project: description.project,
    entity: description.entity,
    path: run.path,
    get url() {
      return run.url;
    },
    get step() {
      return rows.step;
    },
    config: createRunConfig(description.config, {
      locked: settings.sweepConfig,
      onLocked: notices.configLocked,
      onUpdate: (config) => write(() => writer.updateConfig(config)),
    }),
    summary: {
      get values() {
        const values: Record<string, unknown> = {};
        for (const [path, value] of writer.summary()) setAt(values, path, value);
        return values;
      },
      update(values) {
        assertObject('summary.update', values);
        write(() => {
          for (const key of Object.keys(values)) {
            try {
              const json = run.toRowValue(key, rows.step, values[key]);
              forEachLeaf(key, json, (path, leaf) => writer.setSummary(writer.table.columnAt(path), leaf));
            } catch (error) {
              notices.valueDropped(key, error as Error);
            }
          }
        });
      },
    },
    log(values, logOptions) {
      assertObject('log', values);
      write(() => rows.log(values, Date.now(), logOptions));
    },
    defineMetric(name, definition) {
      write(() => writer.defineMetric(name, definition));
    },
    save(pattern, saveOptions = {}) {
      assertOpen(finished === undefined);
      const paths = savedFiles?.save(pattern, saveOptions) ?? [];
      if (paths.length > 0) write(() => writer.addFiles(paths, saveOptions.policy ?? 'live', 'other'));
      return paths;
    },
    async logArtifact(source, artifactOptions = {}) {
      assertOpen(finished === undefined);
      return failure === undefined ? artifacts.add(source, artifactOptions) : undefined;
    },
    flush() {
      write(() => writer.sync(Date.now()));
    },
    finish(exitCode = 0) {
      if (!Number.isInteger(exitCode) || Math.abs(exitCode) > MAX_EXIT_CODE) {
        throw new TypeError(`the exit code must be a whole number, not ${show(exitCode)}`);
      }
      finished ??= finish(exitCode);
      return finished;
    },
    async [Symbol.asyncDispose]() {
      await active.finish();
    },
  };
  return active;
}

function assertObject(method: string, values: unknown): void {
  // A map, an array or a typed array has no keys of its own, or numbers for keys.
  if (typeof values !== 'object' || values === null || Symbol.iterator in values || values instanceof Date) {
    throw new TypeError(`${method}: the values must be an object, not ${show(values)}`);
  }
}
