import { hostname } from 'node:os';
import {
  LoggerError,
  type LoggerErrorCode,
  type LoggerNotice,
  type RunOutcome,
  type Sink,
} from '@microbatch/core/logger';
import { createConsole } from './run/console.js';
import { disabledSession, EXIT_CODES, openSession, type Session } from './run/session.js';
import { assertSdkInstalled, type SdkUplink, startSdkUplink } from './sdk/sdk-uplink.js';
import { resolveSettings, type WandbOptions } from './settings/settings.js';

type Notify = (notice: LoggerNotice) => void;

const ONLINE_UNAVAILABLE: LoggerNotice = {
  level: 'warn',
  code: 'mode-online-unavailable',
  message:
    "WANDB_MODE 'online' is not there yet, the run stays offline: " +
    "upload it with `wandb sync`, or go online by transport: 'sdk'",
};

/**
 * Writes each run as a W&B transaction log in a folder of its own. Throws a `TypeError` that names the option and the
 * value, and a `LoggerError` (`sdk-missing`) for `transport: 'sdk'` without `@wandb/sdk`.
 */
export function wandbSink(options: WandbOptions = {}): Sink {
  const settings = resolveSettings(options, process.env);
  if (settings.mode === 'online') assertSdkInstalled();
  const lines = createConsole(settings);
  let tell: Notify = lines.notice;
  let session: Session | undefined;
  let uplink: SdkUplink | undefined;

  function listeners(notify: Notify | undefined): Notify {
    const told = [notify, options.onNotice].filter((listener) => listener !== undefined);
    if (told.length === 0) return lines.notice;
    return (notice) => {
      for (const listener of told) listener(notice);
    };
  }

  function attempt(code: LoggerErrorCode, what: string, work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (cause instanceof TypeError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LoggerError('wandb', code, `wandb: ${what}: ${reason}`, { cause });
    }
  }

  function closeLog(outcome: RunOutcome): void {
    const closing = session;
    if (closing === undefined) return;
    session = undefined;
    attempt('close-failed', `the end of ${closing.path} is not written`, () => closing.close(outcome));
    lines.closed(closing.path);
  }

  // The log is closed first: its last row must reach the uplink before it ends.
  async function closeBoth(sending: SdkUplink, outcome: RunOutcome): Promise<void> {
    try {
      closeLog(outcome);
    } finally {
      await sending.finish(EXIT_CODES[outcome]);
    }
  }

  return {
    name: 'wandb',
    supports: { scalars: true, histograms: true, images: false, text: true, tables: false },
    open(run, notify) {
      if (session !== undefined) throw new LoggerError('wandb', 'in-use', 'wandb: a run is open already');
      tell = listeners(notify);
      if (settings.mode === 'disabled') {
        session = disabledSession(settings.describe(run, hostname()));
        return;
      }
      attempt('open-failed', `can't write a run into dir ${JSON.stringify(settings.dir)}`, () => {
        session = openSession(run, settings, {
          onRow: (table, step) => uplink?.row(table, step),
          onNotice: tell,
        });
      });
      lines.opened(session!.path);
      if (settings.onlineUnavailable) tell(ONLINE_UNAVAILABLE);
      if (settings.mode !== 'online') return;
      uplink = startSdkUplink(session!.description, { onStart: lines.started, onNotice: tell });
      return uplink.started;
    },
    write(events) {
      const { write, path } = session ?? {};
      if (write === undefined) throw new LoggerError('wandb', 'not-open', 'wandb: write() needs an open run');
      attempt('write-failed', `${path} can't be written`, () => write(events));
    },
    flush() {
      attempt('flush-failed', `${session?.path} is not on the disk`, () => session?.flush());
    },
    close(outcome) {
      if (session === undefined) return;
      return uplink === undefined ? closeLog(outcome) : closeBoth(uplink, outcome);
    },
    exitSync(outcome) {
      try {
        closeLog(outcome);
      } catch (error) {
        tell({ level: 'error', code: 'exit-failed', message: (error as Error).message });
      }
      uplink?.abandon();
    },
  };
}
