import { assertFunction, assertOneOf, assertOptions, assertStep, assertTag, assertWallTime } from './arguments.js';
import type { SummaryWriterOptions, WallTimeOption } from './summary-options.js';

/** The options of `addHParamsStart`. */
export const SESSION_OPTIONS = {
  groupName: true,
  startTime: true,
  modelUri: true,
  monitorUrl: true,
  wallTime: true,
} as const;

/** The options of `addHParams`. */
export const HPARAMS_OPTIONS = {
  groupName: true,
  startTime: true,
  modelUri: true,
  monitorUrl: true,
  wallTime: true,
  domains: true,
  status: true,
  endTime: true,
  step: true,
  runName: true,
} as const;

/** The options of `addEmbedding`. */
export const EMBEDDING_OPTIONS = {
  tag: true,
  step: true,
  metadata: true,
  metadataHeader: true,
  labelImages: true,
  labelImagesLayout: true,
} as const;

/** Refuses options that no `SummaryWriter` begins with. */
export function assertWriterOptions(options: SummaryWriterOptions): void {
  assertOptions(options, { purgeStep: true, scalarFormat: true, onError: true });
  const { purgeStep, scalarFormat, onError } = options;
  if (purgeStep !== undefined) assertStep('purgeStep', purgeStep);
  if (scalarFormat !== undefined) assertOneOf('scalarFormat', scalarFormat, ['simple-value', 'tensor']);
  if (onError !== undefined) assertFunction('onError', onError);
}

/** Refuses what is no step, or no time. */
export function assertTime(step: unknown, { wallTime }: WallTimeOption): void {
  assertStep('step', step);
  if (wallTime !== undefined) assertWallTime('wallTime', wallTime);
}

/** Where a value stands. */
export interface Place {
  readonly tag: string;
  readonly step: number;
  readonly options: WallTimeOption;
}

/** Refuses a place that is none, by the names of `tag`, `step` and `wallTime`. */
export function assertPlace({ tag, step, options }: Place): void {
  assertTag('tag', tag);
  assertTime(step, options);
}
