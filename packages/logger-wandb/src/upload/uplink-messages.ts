import type { LoggerNotice } from '@microbatch/core/logger';
import type { LineCounts } from './line-counts.js';
import type { FilesWaiting } from './run-files.js';

/** What went wrong, as it goes from one process to another. */
export interface UploadProblem {
  /** A `LoggerError`'s code, or the operating system's. */
  readonly code: string;
  readonly message: string;
}

/** How the upload of a log ended. */
export interface UploadEnd {
  /**
   * `'complete'`: the server has the whole run. `'handed-over'`: it refused the rest, which is in `fragment`. `'failed'`:
   * see `error`; the log holds everything, and `syncRun` goes on where the upload was.
   */
  readonly outcome: 'complete' | 'failed' | 'handed-over';
  readonly url?: string;
  readonly error?: UploadProblem;
  /** The folder that `wandb sync` uploads. */
  readonly fragment?: string;
  /** Lines read from the log. */
  readonly read: LineCounts;
  /** Lines of the log that the server has. */
  readonly acknowledged: LineCounts;
}

/** From the training's process to the uploader's. */
export type ToUploader =
  | {
      readonly type: 'start';
      readonly logPath: string;
      readonly baseUrl: string;
      readonly apiKey: string;
      /** The process that writes the log. */
      readonly writerPid: number;
      /** How many times as fast as the clock the uploader's goes. */
      readonly pace: number;
    }
  /** Nobody writes the log any more. */
  | { readonly type: 'log-ended' };

/** From the uploader's process to the training's. */
export type FromUploader =
  | { readonly type: 'notice'; readonly notice: LoggerNotice }
  | {
      readonly type: 'progress';
      readonly url?: string;
      readonly read: LineCounts;
      readonly acknowledged: LineCounts;
      readonly files: FilesWaiting;
      readonly stopRequested: boolean;
    }
  /** Nothing more can be sent; the end comes when the log has ended. */
  | { readonly type: 'failed'; readonly error: UploadProblem }
  | { readonly type: 'end'; readonly end: UploadEnd };
