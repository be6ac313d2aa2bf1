import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';

/** What a run has to tell of values that did not get where the user put them: once a code, and a key where one value is meant. */
export interface RunNotices {
  overwritten(key: string, step: number): void;
  stepRefused(step: number, current: number): void;
  valueDropped(key: string, reason: Error): void;
  /** `what` came when its row was written. */
  rowClosed(what: string, step: number): void;
  configLocked(key: string): void;
  /** The row of `step` is not written. */
  rowLeft(step: number): void;
  /** Of a strict run, throws a `LoggerError` for the first value that was refused since the last call. */
  throwRefused(): void;
}

/** `strict`: a value that is refused is an error, too. */
export function createRunNotices(options: {
  readonly strict: boolean;
  readonly onNotice: (notice: LoggerNotice) => void;
}): RunNotices {
  const { strict, onNotice } = options;
  const told = new Set<string>();
  let refused: LoggerError | undefined;

  function warnOnce(code: string, message: string, key = ''): void {
    if (told.has(`${code} ${key}`)) return;
    told.add(`${code} ${key}`);
    onNotice({ level: 'warn', code, message });
  }

  function refuse(code: string, message: string, key?: string, cause?: Error): void {
    if (strict) refused ??= new LoggerError('wandb', code, `wandb: ${message}`, { cause });
    warnOnce(code, message, key);
  }

  return {
    overwritten(key, step) {
      warnOnce('value-overwritten', `${key} was logged more than once in row ${step}: the last value stays`, key);
    },
    stepRefused(step, current) {
      // The Python client's words.
      refuse(
        'step-refused',
        `Tried to log to step ${step} that is less than the current step ${current}. ` +
          'Steps must be monotonically increasing, so this data will be ignored.',
      );
    },
    valueDropped(key, reason) {
      refuse('value-dropped', `${JSON.stringify(key)} is not logged: ${reason.message}`, key, reason);
    },
    rowClosed(what, step) {
      warnOnce('row-closed', `row ${step} was already written: the values of this ${what} go to the summary alone`);
    },
    rowLeft(step) {
      const message = `row ${step} is left to the process that goes on with the run: until then its values are in the summary alone`;
      onNotice({ level: 'info', code: 'row-left', message });
    },
    configLocked(key) {
      warnOnce('config-locked', `config.${key} is a parameter of the sweep: the update is ignored`, key);
    },
    throwRefused() {
      const error = refused;
      refused = undefined;
      if (error !== undefined) throw error;
    },
  };
}
