/** How long a run has gone, without the time between a process of it and the next. Times in ms since 1970. */
export interface RunTime {
  secondsAt(timeMs: number): number;
  /** The run had taken so many seconds when it was gone on with at `timeMs`. */
  goOn(timeMs: number, seconds: number): void;
}

/** `runtime` is in seconds: what the run had taken before `startedAt`. */
export function createRunTime({
  startedAt,
  runtime = 0,
}: {
  readonly startedAt: number;
  readonly runtime?: number | undefined;
}): RunTime {
  let from = startedAt;
  let before = runtime;
  return {
    secondsAt: (timeMs) => before + Math.max(0, timeMs - from) / 1000,
    goOn(timeMs, seconds) {
      from = timeMs;
      before = seconds;
    },
  };
}
