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
  type TrainingPlan,
} from '@microbatch/core';

/** A number as recorded: NaN and the infinities are strings, what there was not is null. */
export type RecordedNumber = number | string | null;

/** One recorded training of the real fastxtend; see fastxtend/README.md for every column. */
export interface Trace {
  name: string;
  config: {
    bs: number;
    rows: number;
    epochs: number;
    fits: number;
    model: 'linear' | 'hidden';
    opt: 'sgd' | 'adam';
    lr: number;
    dtype: 'float32' | 'float64';
    tb: 'named' | 'asis';
    ga: RecordedPolicy | null;
  };
  n_micro_per_epoch: number;
  error: unknown;
  micro: Record<string, RecordedNumber[]>;
  /** By optimizer step, all parameters flat, in torch's order. */
  weights: number[][];
  /** By epoch of all fits. */
  epochs: { values: RecordedNumber[] }[];
  /** By fit; empty where there is none. */
  grad_at_fit_start: number[][];
  leftover_grad: number[];
  hypers: { mom: number; sqr_mom: number; eps: number; wd: number };
  /** By fit and tag: the steps and the values, in the order in which they were written. */
  tb: Record<string, [steps: number[], values: RecordedNumber[]]>[];
  wandb_keysets: string[][];
  /** Step, index of the keys, values. */
  wandb_calls: [step: number | null, keys: number, ...values: RecordedNumber[]][];
  wandb_history_steps: number[];
  wandb_after_fit: { run_step: number }[];
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

/** What the real fastxtend did with one constructor call, most of them wrong. */
export interface EdgeCase {
  code: string;
  loader: string;
  epochs: number;
  fits: number;
  error: { type: string; message: string; fit?: number } | null;
  steps?: number;
  accum_bs_seen?: number[];
  final_weights: RecordedNumber[] | null;
}

const recordings = join(import.meta.dirname, 'fastxtend');
/** Another folder of traces may be named, to check against recordings that are not kept here. */
const folder = process.env.MICROBATCH_TRACES ?? join(recordings, 'traces');
const notTraces = ['summary.json', 'errors.json', 'schedule_grid.json'];

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

export const traces: Trace[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && !notTraces.includes(file))
  .sort()
  .map((file) => readJson(join(folder, file)) as Trace);

export const scheduleGrid: GridEntry[] = existsSync(join(folder, 'schedule_grid.json'))
  ? (readJson(join(folder, 'schedule_grid.json')) as GridEntry[])
  : [];

export const edgeCases: EdgeCase[] = existsSync(join(folder, 'errors.json'))
  ? (readJson(join(folder, 'errors.json')) as EdgeCase[])
  : [];

/** What every trace trained and validated on. */
export const dataset = readJson(join(recordings, 'data', 'dataset.json')) as Record<
  'train' | 'valid',
  { x: number[][]; y: number[] }
>;

/** By model, its parameters in torch's order and shapes. */
export const initialWeights = readJson(join(recordings, 'data', 'init.json')) as {
  linear: [number[][], number[]];
  hidden: [number[][], number[], number[][], number[]];
};

function dropsLast({ config: { ga } }: Trace): boolean {
  return ga !== null && ga.kind !== 'fastai' && ga.drop_last !== false;
}

/** The traces that have to be equal. */
export const admittedTraces: Trace[] = traces.filter((trace) => trace.error === null && !dropsLast(trace));

/** Schedules of which windows were dropped: only the schedule itself is comparable. */
export const droppingSchedules: Trace[] = traces.filter(
  (trace) => trace.error === null && dropsLast(trace) && trace.config.ga?.kind === 'schedule',
);

/** The trace of this name. */
export function traceNamed(name: string): Trace {
  const trace = traces.find((one) => one.name === name);
  if (trace === undefined) throw new Error(`there is no trace ${name}`);
  return trace;
}

/** Our annealers by the names of fastxtend. */
export const annealers: Record<string, Annealer> = {
  SchedCos: schedCos,
  SchedLin: schedLin,
  SchedExp: schedExp,
  SchedNo: schedNo,
  SchedPoly2: schedPoly(2),
  SchedPolyHalf: schedPoly(0.5),
};

/** A recorded number. */
export function recorded(value: RecordedNumber | undefined): number {
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

/**
 * Whether a trace steps with an epoch's smaller last micro-batch alone, as fastai does without accumulation: that is a
 * window which is flushed, and divided by what it holds.
 */
export function isFlushed({ config: { ga, bs }, micro }: Trace): boolean {
  return ga === null && micro.bs!.some((samples) => Number(samples) < bs);
}

/** The policy that a trace amounts to. Without accumulation every micro-batch is a window of its own. */
export function policyOfTrace(trace: Trace): AccumulationPolicy {
  const { ga, bs } = trace.config;
  if (isFlushed(trace)) return gradientAccumulation({ accumBatchSize: bs, logAccumBatch: false, lastWindow: 'flush' });
  if (ga === null) return policyOf({ kind: 'fixed', accum_bs: bs, log_accum_batch: false });
  return policyOf(ga.kind === 'fastai' ? { ...ga, log_accum_batch: false } : ga);
}

/** The samples by which a window of a trace that accumulates is divided: those due where it ends at this micro-batch. */
export function accumBatchSizeAt({ config: { ga }, micro }: Trace, at: number): number {
  return Number(micro.accum_bs?.[at] ?? ga!.n_acc);
}

/** The plan of each of a trace's fits. */
export function planOfTrace({ config, n_micro_per_epoch }: Trace): Required<TrainingPlan> {
  return { microBatchSize: config.bs, microBatchesPerEpoch: n_micro_per_epoch, epochs: config.epochs };
}

/** The micro-batches of one of a trace's fits, as indices into its columns. */
export function microBatchesOf({ config, n_micro_per_epoch }: Trace, fit: number): number[] {
  const count = n_micro_per_epoch * config.epochs;
  return Array.from({ length: count }, (_, within) => fit * count + within);
}

/** The fits of a trace, from 0. */
export function fitsOf({ config }: Trace): number[] {
  return Array.from({ length: config.fits }, (_, fit) => fit);
}

// Python tells 1 (an epoch) from 1.0 (a fraction), which JSON does not; a bare 1 is refused here.
export function bound(value: number, type?: 'int' | 'float'): ScheduleBound {
  const isEpoch = type === undefined ? Number.isInteger(value) && value >= 1 : type === 'int';
  return isEpoch ? { epoch: value } : { fraction: value };
}
