import type { StepAxis } from '@microbatch/core/logger';
import type { Finding } from './finding.js';

/** A file or folder that was checked. */
export interface CheckedSource {
  readonly kind: 'journal' | 'wandb' | 'tensorboard';
  readonly path: string;
  /** The clock that its x is; absent for a journal, which has all, and where it is not known. */
  readonly axis?: StepAxis;
  /** What was checked, in numbers, by what they count. */
  readonly checked: Readonly<Record<string, number>>;
}

/** What the checks of one run say. */
export interface RunReport {
  /** The run's id; empty where only event files are there, which have none. */
  readonly id: string;
  readonly name: string;
  /** Absent where the run is not over, or no journal says it. */
  readonly outcome?: 'finished' | 'failed' | 'stopped';
  readonly sources: readonly CheckedSource[];
  readonly findings: readonly Finding[];
  /** All faults, also those that are not listed one by one. */
  readonly faults: number;
}

/** What `verify` found. */
export interface VerifyReport {
  readonly runs: readonly RunReport[];
  /** What belongs to no run: files that can't be read, or are of no kind that is known. */
  readonly findings: readonly Finding[];
  readonly faults: number;
}
