import type { Metrics, PolicyInfo, ResolvedPlan, RunOutcome } from '@microbatch/core/logger';
import type { ClockTable } from './clock-table.js';
import type { MediaContent, MediaEntry, MediaTable } from './media-table.js';
import type { Series } from './series.js';
import type { WindowTable } from './window-table.js';

/** What wrote a source, the best first: where two hold the same values, the first is shown. */
export type SourceKind = 'journal' | 'wandb' | 'tensorboard';

/** What a source says of its run; absent where it does not. Times in ms since 1970. */
export interface RunFacts {
  id?: string;
  name?: string;
  project?: string;
  group?: string;
  notes?: string;
  host?: string;
  tags: readonly string[];
  config: Readonly<Record<string, unknown>>;
  summary: Readonly<Record<string, unknown>>;
  startedAt?: number;
  plan?: ResolvedPlan;
  policy?: PolicyInfo;
  logAccumBatch?: boolean;
  outcome?: RunOutcome;
  error?: string;
}

/** What a journal tells beside numbers. */
export interface RunStory {
  readonly diagnostics: readonly {
    readonly level: string;
    readonly code: string;
    readonly message: string;
    readonly microStep: number;
    readonly time: number;
  }[];
  readonly epochs: readonly {
    readonly epoch: number;
    readonly microStep: number;
    readonly step: number;
    readonly train: Metrics;
    readonly valid: Metrics;
  }[];
  /** Micro-batches that were left out of their windows because something of them was not finite. */
  readonly skipped: number;
}

/** Something of a file that can't be shown. */
export interface Problem {
  /** Relative to the root. */
  readonly path: string;
  readonly message: string;
}

/** One kind of files of one run, read part by part. */
export interface RunSource {
  readonly kind: SourceKind;
  /** Its files, or folders of event files, absolute. */
  readonly paths: readonly string[];
  readonly facts: RunFacts;
  readonly clocks: ClockTable;
  readonly series: ReadonlyMap<string, Series>;
  readonly media: MediaTable;
  readonly windows: WindowTable | undefined;
  readonly story: RunStory | undefined;
  readonly problems: readonly Problem[];
  /** Of its files, in bytes. */
  readonly size: number;
  readonly bytesRead: number;
  /** When its files changed last, in ms since 1970; 0 before the first look. */
  readonly modifiedAt: number;
  /** Reads what is new. `'replaced'`: what was read is no longer what the files hold; the source must be made anew. */
  advance(): Promise<'same' | 'grown' | 'replaced'>;
  /** Reads a value. Rejects where its file can no longer be read, or does not hold it any more. */
  content(tag: string, entry: MediaEntry): Promise<MediaContent | undefined>;
}
