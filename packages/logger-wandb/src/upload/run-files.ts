import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { END_FILES, writeEndFiles } from './end-files.js';
import { createOutputFile } from './output-file.js';
import type { PendingPosts } from './pending-posts.js';
import type { Requester } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import { uploadFile } from './run-file.js';
import type { ServerApi } from './server-api.js';

/** A run's folder of files on its way to the server: what its log names, and what is made of the log at its end. */
export interface RunFiles {
  /** A line that the run printed. */
  print(line: string): void;
  /** Writes what a run leaves at its end, once; what can't be written is a notice. */
  writeEnd(): Promise<void>;
  /**
   * Begins with the next file, where none is on its way: files go one at a time, beside the posts, since a large one must
   * not keep rows and heartbeats waiting. Throws what ended an earlier one.
   */
  start(run: ServerRun): void;
  readonly isBusy: boolean;
  /** Resolves when no file is on its way any more. */
  close(): Promise<void>;
}

/** `onDone` is called after each file. */
export function createRunFiles(context: {
  readonly filesDir: string;
  readonly pending: PendingPosts;
  readonly api: ServerApi;
  readonly requester: Requester;
  readonly onDone: () => void;
  readonly onNotice: (notice: LoggerNotice) => void;
}): RunFiles {
  const { filesDir, pending, onDone, onNotice } = context;
  let transfer: Promise<void> | undefined;
  let failure: unknown;
  let hasEnd = false;

  function tellUnwritten(name: string, reason: string): void {
    onNotice({ level: 'warn', code: 'file-not-written', message: `the run's file ${name} is not written: ${reason}` });
  }

  const output = createOutputFile(join(filesDir, END_FILES.output), (reason) =>
    tellUnwritten(END_FILES.output, reason),
  );

  return {
    print: output.push,
    async writeEnd() {
      if (hasEnd) return;
      hasEnd = true;
      output.close();
      const { bucket, summaryText } = pending;
      try {
        await writeEndFiles(filesDir, { config: bucket.configText(), summary: summaryText });
      } catch (error) {
        tellUnwritten(`${END_FILES.config} or ${END_FILES.summary}`, (error as Error).message);
      }
    },
    start(run) {
      if (failure !== undefined) throw failure;
      const { files, fileDone } = pending;
      if (transfer !== undefined || files.waiting === 0) return;
      transfer = uploadFile(files.batch(0).lines[0]!, { ...context, run })
        .then(fileDone, (error) => {
          failure = error;
        })
        .finally(() => {
          transfer = undefined;
          onDone();
        });
    },
    get isBusy() {
      return transfer !== undefined;
    },
    async close() {
      output.close();
      await transfer;
    },
  };
}
