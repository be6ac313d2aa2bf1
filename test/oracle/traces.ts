import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AccumulationPolicy,
  type Annealer,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type LastWindow,
  type ScheduleBound,
  schedCos,
  schedExp,
  schedLin,
  schedNo,
  schedPoly,
} from '@microbatch/core';

/** One recorded training of the real fastxtend; see fastxtend/README.md for every column. */
export interface Trace {
  name: string;
  config: {
    bs: number;
    rows: number;
    epochs: number;
    fits: number;
    dtype: 'float32' | 'float64';
    ga: RecordedPolicy | null;
  };
  n_micro_per_epoch: number;
  error: unknown;
  micro: Record<string, (number | string | null)[]>;
}

export interface RecordedPolicy {
  kind: 'fixed' | 'schedule' | 'fastai';
  accum_bs?: number | null;
  n_acc?: number;
  start_accum_bs?: number;
  final_accum_bs?: number;
  start?: number;
  finish?: number;
  schedule?: string;
  log_accum_batch?: boolean;
  drop_last?: boolean;
  micro_batch_size?: number;
  start_type?: 'int' | 'float';
  finish_type?: 'int' | 'float';
}

/** One entry of the schedule grid. */
export interface GridEntry extends Omit<RecordedPolicy, 'kind' | 'accum_bs'> {
  epochs: number;
  rows: number;
  bs: number;
  error: unknown;
  pct_train: number[];
  sched_accum_bs: number[];
  schedule_pct: number[];
  accum_bs: number[];
  stepped: number[];
}

/** Another folder of traces may be named, to check against recordings that are not kept here. */
const folder = process.env.MICROBATCH_TRACES ?? join(import.meta.dirname, 'fastxtend', 'traces');
const notTraces = ['summary.json', 'errors.json', 'schedule_grid.json'];

export const traces: Trace[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && !notTraces.includes(file))
  .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));

export const scheduleGrid: GridEntry[] = existsSync(join(folder, 'schedule_grid.json'))
  ? JSON.parse(readFileSync(join(folder, 'schedule_grid.json'), 'utf8'))
  : [];

const annealers: Record<string, Annealer> = {
  SchedCos: schedCos,
  SchedLin: schedLin,
  SchedExp: schedExp,
  SchedNo: schedNo,
  SchedPoly2: schedPoly(2),
  SchedPolyHalf: schedPoly(0.5),
};

/** A recorded number: NaN and the infinities are recorded as strings. */
export function recorded(value: number | string | null | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}

/** A grid entry's policy, without the columns that were recorded under it. */
export function gridPolicy({ accum_bs: _recorded, ...entry }: GridEntry): RecordedPolicy {
  return { ...entry, kind: 'schedule' };
}

/** Our policy for a recorded one. */
export function policyOf(ga: RecordedPolicy, lastWindow: LastWindow = 'carry'): AccumulationPolicy {
  const common = { logAccumBatch: ga.log_accum_batch ?? true, lastWindow, normalize: 'target' } as const;
  if (ga.kind !== 'schedule') {
    const accumBatchSize = ga.accum_bs ?? null;
    return gradientAccumulation({ accumBatchSize, nAcc: ga.n_acc ?? 32, ...common });
  }
  return gradientAccumulationSchedule({
    startAccumBatchSize: ga.start_accum_bs!,
    finalAccumBatchSize: ga.final_accum_bs!,
    start: bound(ga.start ?? 0, ga.start_type),
    finish: bound(ga.finish ?? 0.3, ga.finish_type),
    schedule: annealers[ga.schedule ?? 'SchedCos']!,
    ...common,
  });
}

// Python tells 1 (an epoch) from 1.0 (a fraction), which JSON does not; a bare 1 is refused here.
function bound(value: number, type?: 'int' | 'float'): ScheduleBound {
  const isEpoch = type === undefined ? Number.isInteger(value) && value >= 1 : type === 'int';
  return isEpoch ? { epoch: value } : { fraction: value };
}
