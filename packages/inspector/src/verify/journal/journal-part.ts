import type { RunEndEvent, RunInfo } from '@microbatch/core/logger';
import type { JournalHeader } from '@microbatch/logger-journal';
import type { EventIndex } from '../event-index.js';
import type { MicroBatchHistory } from './micro-batch-history.js';

/** A journal that was read and checked by itself. */
export interface JournalPart {
  readonly path: string;
  readonly run: RunInfo;
  /** Of a run that goes on from a checkpoint: what its header says of the journal before it, and that, where it is there. */
  readonly resumes: JournalHeader['resumes'];
  readonly before: JournalJoint | undefined;
  /** No line is damaged, missing or changed, as far as can be told; the last may be torn. */
  readonly isWhole: boolean;
  /** A later process goes on with the run. */
  readonly isGoneOnWith: boolean;
  readonly counts: JournalCounts;
  readonly index: EventIndex;
  readonly history: MicroBatchHistory;
  /** Absent where the run is not over: it goes on, or its process was killed. */
  readonly runEnd: RunEndEvent | undefined;
  /** Of the last event, in ms since 1970. */
  readonly lastTime: number;
  /** The last micro-batch. */
  readonly lastMicroStep: number;
  /** Events, counted from 0, that must not be compared with: others of the same number are. */
  readonly repeated: ReadonlySet<number>;
  /** Events whose lines stand behind those of later ones. */
  readonly late: ReadonlySet<number>;
}

/** Where a run that goes on from a checkpoint leaves the journal before its own. */
export interface JournalJoint {
  readonly part: JournalPart;
  /** How many bytes of that journal count; undefined where that can't be told, and the run's clocks must. */
  readonly until: number | undefined;
}

/** What was checked. */
export interface JournalCounts {
  readonly events: number;
  readonly microBatches: number;
  readonly steps: number;
  readonly samples: number;
  readonly discarded: number;
}
