import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogValue } from '@microbatch/core/logger';
import { type HParamsStatus, type HParamValue, SummaryWriter, type SummaryWriterOptions } from 'tensorboard-writer';
import { createPointBuffer, type KeptPoints, type Target } from './point-buffer.js';
import { ALL_FOLDERS, createRouter, FIRST_FOLDER } from './router.js';
import type { ResolvedOptions } from './tensorboard-options.js';
import type { EmitPoint } from './to-points.js';
import { kindOf, type ValueKind, writeValue } from './write-value.js';

/** The event files of one run. */
export interface RunWriters {
  /** Takes a point of a batch. */
  readonly stage: EmitPoint;
  /** Writes the points of the batch. */
  settle(): void;
  /** Takes a point that a later one for the same tag and x may replace. */
  readonly hold: EmitPoint;
  flush(): void;
  /** Makes durable what no later point can replace; returns what the files of a resumed run begin with. */
  checkpoint(): WritersState;
  /** Writes what is held and how the run ended, and lets the files go, also where that throws. */
  close(status: HParamsStatus, endTime: number): void;
}

/** Where the files of a run stand: plain data. */
export interface WritersState {
  readonly kept: KeptPoints;
  /** What each tag was found to hold. */
  readonly kinds: Readonly<Record<string, ValueKind>>;
}

/** What a run's files begin with, and who hears of what they can't hold. */
export interface RunBeginning extends SummaryWriterOptions {
  /** The run's row in the hparams table; none where it is empty. */
  readonly hparams: Readonly<Record<string, HParamValue>>;
  /** Seconds since 1970. */
  readonly startTime: number;
  /** Tags that hold numbers, whatever is logged under them first. */
  readonly scalarTags: readonly string[];
  /** Where a resumed run goes on: TensorBoard is told to drop what earlier files hold from this x on. */
  readonly state?: WritersState | undefined;
  /** Called for each value that can't be shown. */
  readonly onDropped: (target: Target, reason: string) => void;
}

/** Opens the run's files; a folder that can't be written throws now. */
export function openRunWriters(
  { logDir, layout }: ResolvedOptions,
  { hparams, startTime, scalarTags, onDropped, state, ...rest }: RunBeginning,
): RunWriters {
  const writers = new Map<string, SummaryWriter>();
  const options = state === undefined ? rest : { ...rest, purgeStep: state.kept.x };
  const router = createRouter(layout);
  const route = router.targetOf;
  const buffer = createPointBuffer((target, x, value, wallTime) => {
    if (typeof value === 'number') target.kind ??= 'scalar';
    if (typeof value !== 'number' || target.kind !== 'scalar') checkAndWrite(target, x, value, wallTime);
    else writerOf(target.folder).addScalar(target.tag, value, x, wallTime);
  });
  for (const tag of scalarTags) route(tag).kind = 'scalar';
  const hasRow = Object.keys(hparams).length > 0;

  function checkAndWrite(target: Target, x: number, value: LogValue, wallTime: number): void {
    const isFirst = !writers.has(target.folder);
    try {
      const kind = kindOf(value);
      if (target.kind !== undefined && target.kind !== kind) {
        throw new TypeError(`it is of kind ${kind}, and its tag began with one of kind ${target.kind}`);
      }
      writeValue(writerOf(target.folder), target.tag, x, value, wallTime);
      target.kind = kind;
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      if (isFirst) takeBack(target.folder);
      onDropped(target, error.message);
    }
  }

  // A validation folder without a point would show as an empty run: it waits for the first.
  function writerOf(folder: string): SummaryWriter {
    let writer = writers.get(folder);
    if (writer === undefined) {
      writer = new SummaryWriter(join(logDir, folder), options);
      writers.set(folder, writer);
    }
    return writer;
  }

  // Whether a value can be shown is known when it is encoded, and its writer is there by then.
  function takeBack(folder: string): void {
    const writer = writers.get(folder);
    if (writer === undefined) return;
    writers.delete(folder);
    writer.close();
    rmSync(writer.path);
    // Earlier runs may have left files in it.
    if (readdirSync(writer.logDir).length === 0) rmdirSync(writer.logDir);
  }

  function resume({ kept, kinds }: WritersState): void {
    for (const [tag, kind] of Object.entries(kinds)) route(tag).kind = kind;
    // Also where no point may come for long: what is behind the checkpoint must not show.
    for (const folder of ALL_FOLDERS[layout]) if (existsSync(join(logDir, folder))) writerOf(folder);
    buffer.restore(kept, route);
  }

  function closeAll(): void {
    const errors: unknown[] = [];
    for (const writer of writers.values()) {
      try {
        writer.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  writerOf(FIRST_FOLDER[layout]);
  // In the run's own folder, also where its curves lie below: TensorBoard looks for a session's metrics there.
  if (hasRow) writerOf('').addHParamsStart(hparams, { startTime });
  if (state !== undefined) resume(state);

  return {
    stage: (tag, x, value, wallTime) => buffer.stage(route(tag), x, value, wallTime),
    settle: buffer.settle,
    hold: (tag, x, value, wallTime) => buffer.hold(route(tag), x, value, wallTime),
    flush() {
      buffer.flush();
      for (const writer of writers.values()) writer.flush();
    },
    checkpoint() {
      for (const writer of writers.values()) writer.flush();
      const kinds = [...router.targets].flatMap(({ name, kind }) =>
        kind === undefined ? [] : [[name, kind] as const],
      );
      return { kept: buffer.kept(), kinds: Object.fromEntries(kinds) };
    },
    close(status, endTime) {
      try {
        buffer.flush();
        if (hasRow && status !== 'unknown') writerOf('').addHParamsEnd(status, { endTime });
      } finally {
        closeAll();
      }
    },
  };
}
