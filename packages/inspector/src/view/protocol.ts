// What the server says and the page reads.

/** What x can be. `logged`: each source's own step; `elapsed`: seconds since the run began; `time`: seconds since 1970. */
export const AXES = ['microStep', 'step', 'samples', 'epoch', 'elapsed', 'time', 'logged'] as const;

export type Axis = (typeof AXES)[number];

export type SourceKind = 'journal' | 'wandb' | 'tensorboard';

export type MediaKind = 'histogram' | 'image' | 'text' | 'table';

/** A file that can't be shown, or not wholly. */
export interface ProblemAnswer {
  readonly path: string;
  readonly message: string;
}

/** Where training stood; what a source does not say is absent. `time` in ms since 1970. */
export interface ClockAnswer {
  readonly microStep?: number;
  readonly step?: number;
  readonly samples?: number;
  readonly epoch?: number;
  readonly time?: number;
  readonly logged?: number;
}

/** A number as JSON has it; NaN and ±Infinity as text. */
export type NumberAnswer = number | 'NaN' | 'Infinity' | '-Infinity';

/** A run in the list. Times in ms since 1970; tags by their number in `RunsAnswer.tags`. */
export interface RunAnswer {
  readonly key: number;
  readonly version: number;
  readonly name: string;
  readonly id?: string;
  readonly project?: string;
  readonly path: string;
  readonly startedAt?: number;
  readonly modifiedAt: number;
  readonly outcome?: 'finished' | 'failed' | 'stopped';
  /** How much of its files is read, from 0 to 1. */
  readonly progress: number;
  readonly sources: readonly SourceKind[];
  /** Which losses it recorded, where it or its W&B rows say it. */
  readonly logAccumBatch?: boolean;
  readonly axes: readonly Axis[];
  readonly tags: readonly number[];
  readonly media: readonly { readonly tag: number; readonly kind: MediaKind; readonly count: number }[];
  readonly last: ClockAnswer;
  /** The latest value of each tag, in the order of `tags`. */
  readonly latest: readonly NumberAnswer[];
  /** By dotted name, as text. */
  readonly config: Readonly<Record<string, string>>;
  readonly problems: number;
}

/** Everything that the page lists. */
export interface RunsAnswer {
  /** The folder, as the user named it. */
  readonly root: string;
  /** Why the folder can't be read any more. */
  readonly failure?: string;
  readonly isLoaded: boolean;
  readonly tags: readonly string[];
  readonly runs: readonly RunAnswer[];
  readonly problems: readonly ProblemAnswer[];
}

/** A source of a run. */
export interface SourceAnswer {
  readonly kind: SourceKind;
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly tags: number;
  readonly points: number;
  /** How its `train/loss` compares with the best source's: points of both, and how many differ by more than 32-bit floats do. */
  readonly loss?: { readonly compared: number; readonly differing: number };
}

export interface WindowAnswer {
  readonly step: number;
  readonly firstMicroStep: number;
  readonly lastMicroStep: number;
  readonly samples: NumberAnswer;
  readonly target: NumberAnswer;
  readonly loss: NumberAnswer;
  readonly discarded?: string;
}

/** What there is to know of one run beside its curves. */
export interface RunDetailsAnswer {
  readonly key: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, string>>;
  readonly summary: readonly {
    readonly tag: string;
    readonly last: NumberAnswer;
    readonly min: NumberAnswer;
    readonly max: NumberAnswer;
    readonly points: number;
    readonly source: SourceKind;
  }[];
  readonly epochs: readonly {
    readonly epoch: number;
    readonly microStep: number;
    readonly step: number;
    readonly train: Readonly<Record<string, NumberAnswer>>;
    readonly valid: Readonly<Record<string, NumberAnswer>>;
  }[];
  readonly diagnostics: readonly {
    readonly level: string;
    readonly code: string;
    readonly message: string;
    readonly microStep: number;
    readonly time: number;
  }[];
  readonly discarded: readonly WindowAnswer[];
  readonly skipped: number;
  readonly sources: readonly SourceAnswer[];
  readonly problems: readonly ProblemAnswer[];
}

/** The windows of a run in a range of micro-batches. */
export interface WindowsAnswer {
  /** How many there are in the range, and in the run. */
  readonly count: number;
  readonly total: number;
  readonly lastMicroStep: number;
  readonly lastStep: number;
  /** Where they come from: the journal's lineage, or what the other logs let one conclude. */
  readonly from?: SourceKind;
  /** The first and the last of the range. */
  readonly ends?: readonly [first: WindowAnswer, last: WindowAnswer];
  /** Empty where there are more than were asked for. */
  readonly windows: readonly WindowAnswer[];
}

/**
 * One curve of a chart. `status`: drawn; the run has no such tag; it has, but not on this axis; nothing is read of it yet.
 */
export interface CurveAnswer {
  readonly run: number;
  readonly kind: 'raw' | 'smooth';
  readonly status: 'drawn' | 'no-tag' | 'no-axis' | 'loading';
  /** Points that were sent, and those that lie in the range. */
  readonly sent: number;
  readonly total: number;
  /** Points that the axis does not know. */
  readonly leftOut: number;
  readonly source?: SourceKind;
}

/**
 * The head of a binary answer. BYTES: u32 length of the head, little endian; the head as JSON in UTF-8, with spaces up to a
 * multiple of 8; then for each curve `sent` x and `sent` y, as 64-bit floats, little endian.
 */
export interface SeriesHead {
  /** The axis that was asked for, or `logged` where no run with the tag knows that one. */
  readonly axis: Axis;
  readonly curves: readonly CurveAnswer[];
}

export interface MediaEntryAnswer {
  readonly index: number;
  readonly clocks: ClockAnswer;
}

/** A value; pictures are fetched one by one. */
export type MediaAnswer =
  | { readonly kind: 'histogram'; readonly counts: readonly number[]; readonly edges: readonly number[] }
  | { readonly kind: 'image'; readonly count: number; readonly captions: readonly string[] }
  | { readonly kind: 'text'; readonly texts: readonly string[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (number | string | boolean | null)[])[];
    };

/** What is new, as a server-sent event: the versions of all runs by key. */
export interface NewsAnswer {
  readonly versions: Readonly<Record<number, number>>;
  readonly isLoaded: boolean;
}
