import { hostname } from 'node:os';
import {
  type JsonValue,
  LoggerError,
  type LoggerNotice,
  type RunInfo,
  type RunOutcome,
  type Sink,
} from '@microbatch/core/logger';
import type { RunDescription } from './log/records.js';
import { attempt } from './run/attempt.js';
import { createConsole, guardedListener } from './run/console.js';
import { lastStepBefore } from './run/last-step.js';
import { type OpenRun, openRun } from './run/open-run.js';
import { resumeCheckpointed } from './run/resume-checkpointed.js';
import { resumeRun } from './run/resume-run.js';
import { CLOCK_KEYS } from './run/rows.js';
import { createSession, EXIT_CODES, type Session, type SessionState, sessionAxis } from './run/session.js';
import { assertSdkInstalled, type SdkUplink, startSdkUplink } from './sdk/sdk-uplink.js';
import type { WandbOptions } from './settings/options.js';
import { resolveSettings, type WandbSettings } from './settings/settings.js';

/** Declared as metrics, so that each can be the x-axis. */
const CLOCKS = Object.fromEntries(CLOCK_KEYS.map((key) => [key, {}]));

type Notify = (notice: LoggerNotice) => void;

/** Of a bare sink. */
const UPLOAD_LIMIT_MS = 25_000;

/**
 * Writes each run as a W&B transaction log in a folder of its own, and uploads it where it is online. Throws a `TypeError`
 * that names the option and the value, and a `LoggerError`: `no-key` for mode `'online'` without a key, `sdk-missing` for
 * `transport: 'sdk'` without `@wandb/sdk`.
 */
export function wandbSink(options: WandbOptions = {}): Sink {
  return createSink(options, UPLOAD_LIMIT_MS);
}

/** `uploadLimitMs`: how long `close` waits for the upload, which then goes on by itself. */
export function createSink(options: WandbOptions, uploadLimitMs: number): Sink {
  const settings = resolveSettings(options, process.env);
  if (settings.transport === 'sdk') assertSdkInstalled();
  const lines = createConsole(settings);
  let tell: Notify = lines.notice;
  let open: OpenRun | undefined;
  let session: Session | undefined;
  let uplink: SdkUplink | undefined;

  function listeners(notify: Notify | undefined): Notify {
    const told = [notify, options.onNotice].filter((listener) => listener !== undefined);
    if (told.length === 0) return lines.notice;
    return (notice) => {
      for (const listener of told) guardedListener(listener)(notice);
    };
  }

  function begin(
    run: RunInfo,
    description: RunDescription,
    state?: SessionState,
    runSettings: WandbSettings = settings,
  ): void {
    attempt('open-failed', `can't write a run into dir ${JSON.stringify(settings.dir)}`, () => {
      open = openRun(runSettings, description, {
        metrics: { ...CLOCKS, ...settings.metrics },
        lines,
        lastStep: state && lastStepBefore(runSettings, description, state.rows, tell),
        onNotice: tell,
        onRow: (table, step) => uplink?.row(table, step),
      });
      session = createSession(run, open, runSettings, tell, state);
    });
    if (settings.transport === 'sdk') {
      uplink = startSdkUplink(description, {
        apiKey: settings.key(),
        baseUrl: settings.baseUrl,
        onStart: lines.started,
        onNotice: tell,
      });
    }
  }

  function closeLog(outcome: RunOutcome, exitCode: number): OpenRun | undefined {
    const [closing, closed] = [session, open];
    session = undefined;
    open = undefined;
    if (closing === undefined) return undefined;
    try {
      attempt('close-failed', `the end of ${closed!.path} is not written`, () => closing.close(outcome, exitCode));
    } catch (error) {
      closed!.release();
      throw error;
    }
    return closed;
  }

  // The log is closed first: its last row must reach the SDK before it ends.
  async function closeBoth(sending: SdkUplink, outcome: RunOutcome, exitCode: number): Promise<void> {
    try {
      closeLog(outcome, exitCode);
    } finally {
      uplink = undefined;
      await sending.finish(exitCode);
    }
  }

  return {
    name: 'wandb',
    supports: { scalars: true, histograms: true, images: true, text: true, tables: true },
    open(run, notify, given) {
      if (session !== undefined) throw new LoggerError('wandb', 'in-use', 'wandb: a run is open already');
      tell = listeners(notify);
      for (const notice of settings.notices) tell(notice);
      sessionAxis(run, settings);
      const description = settings.describe(run, hostname());
      const state = given as unknown as SessionState | undefined;
      if (state !== undefined && settings.mode === 'online' && settings.transport === 'log') {
        const resuming = resumeCheckpointed(settings, description, { onNotice: tell, limitMs: uploadLimitMs });
        return resuming.then((resumed) => begin(run, resumed.description, state, resumed.settings));
      }
      if (settings.resume !== undefined) {
        return resumeRun(settings, description, tell).then((resumed) => begin(run, resumed, state));
      }
      begin(run, description, state);
      return uplink?.started;
    },
    write(events) {
      const { path } = open ?? {};
      const writing = session;
      if (writing === undefined) throw new LoggerError('wandb', 'not-open', 'wandb: write() needs an open run');
      attempt('write-failed', `${path} can't be written`, () => writing.write(events));
    },
    flush() {
      attempt('flush-failed', `${open?.path} is not on the disk`, () => session?.flush());
    },
    checkpoint() {
      const state = attempt('flush-failed', `${open?.path} is not on the disk`, () => session?.checkpoint());
      return state as unknown as JsonValue | undefined;
    },
    close(outcome) {
      const exitCode = EXIT_CODES[outcome];
      if (uplink !== undefined) return closeBoth(uplink, outcome, exitCode);
      const closed = closeLog(outcome, exitCode);
      if (settings.mode === 'online') return closed?.uploaded(uploadLimitMs);
      void closed?.uploaded();
    },
    exitSync(outcome, exitCode) {
      try {
        // A process that ends well ended its run too early all the same.
        closeLog(outcome, exitCode || EXIT_CODES[outcome])?.release();
      } catch (error) {
        tell({ level: 'error', code: 'exit-failed', message: (error as Error).message });
      }
      uplink?.abandon();
    },
  };
}
