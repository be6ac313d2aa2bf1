import type { SummaryWriter } from 'tensorboard-writer';

/** Seconds since 1970: of what is added without a step. */
export const WALL_TIME = 1e9 + 1 / 8;

/** What a writer is told of one kind of summary, and what TensorBoard must read. */
export interface Kind {
  write(writer: SummaryWriter): void;
  /** As read_kinds.py prints it; undefined for what lies beside the event file. */
  readonly expected: unknown;
  /** Where the server's answers are of another form. */
  readonly served?: unknown;
}

/** By the name of the plugin that shows them. */
export type Kinds = Readonly<Record<string, Kind>>;

/** A run's tag belongs to one kind only: others put their own name before this. */
export const UNICODE = 'größe/精度 😀 a=b&c';

/** The time of a step, as writers take it. */
export const at = (step: number): { readonly wallTime: number } => ({ wallTime: WALL_TIME + step });

/** A value of a step, as TensorBoard's loaders give it. */
export const point = (step: number, value: unknown): [wallTime: number, step: number, value: unknown] => [
  WALL_TIME + step,
  step,
  value,
];
