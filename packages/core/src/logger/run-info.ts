/** How the training is laid out. All three counts are positive integers. */
export interface TrainingPlan {
  /** Samples in one micro-batch, nominally: real batches may have any positive size. */
  readonly microBatchSize?: number;
  /** Micro-batches in one epoch, where they are known before training. */
  readonly microBatchesPerEpoch?: number;
  /** Epochs to train, where they are known before training. */
  readonly epochs?: number;
}

/** A plan whose micro-batch size is known. */
export interface ResolvedPlan extends TrainingPlan {
  readonly microBatchSize: number;
}

/** What happens to the window that an epoch's end leaves incomplete. */
export type LastWindow = 'carry' | 'flush' | 'drop';

/** What the weighted sum of a window is divided by: the weight really seen, or the target in samples. */
export type Normalize = 'actual' | 'target';

/** An accumulation policy as plain data, as loggers and snapshots see it. */
export type PolicyInfo =
  | {
      readonly kind: 'fixed';
      readonly accumBatchSize: number;
      readonly logAccumBatch: boolean;
      readonly lastWindow: LastWindow;
      readonly normalize: Normalize;
    }
  | {
      readonly kind: 'schedule';
      readonly startAccumBatchSize: number;
      readonly finalAccumBatchSize: number;
      /** Fractions of all training micro-batches. */
      readonly start: number;
      readonly finish: number;
      /** The annealer's name. */
      readonly schedule: string;
      /** The annealer's values at 0, 25, 50, 75 and 100 %, so that two functions of one name are told apart. */
      readonly scheduleProbe: readonly number[];
      readonly logAccumBatch: boolean;
      readonly lastWindow: LastWindow;
      readonly normalize: Normalize;
    };

/** What a user says about a run. */
export interface RunOptions {
  /** 1 to 64 of `[A-Za-z0-9_-]`; made up where absent. */
  readonly id?: string;
  readonly name?: string;
  readonly project?: string;
  /** Hyper-parameters: plain JSON data; copied and frozen. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}

/** A run as every logger learns of it in `run-start`. */
export interface RunInfo extends RunOptions {
  readonly id: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly plan: ResolvedPlan;
  readonly policy: PolicyInfo;
  /** Which batches are *recorded*: accumulated batches (true) or micro-batches (false). */
  readonly logAccumBatch: boolean;
  /** ms since 1970. */
  readonly startedAt: number;
  /**
   * Where a resumed run goes on: the micro-batches, optimizer steps and samples that lie behind it. `samples` is absent in
   * older journals only.
   */
  readonly resumedAt?: { readonly microStep: number; readonly step: number; readonly samples?: number };
}
