import { dirname, join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import type { ArtifactApi } from '../artifacts/artifact-api.js';
import { uploadArtifact } from '../artifacts/upload-artifact.js';
import { END_FILES, writeEndFiles } from './end-files.js';
import { createOutputFile } from './output-file.js';
import type { PendingPosts } from './pending-posts.js';
import type { Requester } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import { uploadFile } from './run-file.js';
import type { ServerApi } from './server-api.js';
import { createTransfer } from './transfer.js';

/** Files and artifacts of a run that wait for their upload. */
export interface FilesWaiting {
  readonly count: number;
  /** Of those on their way. */
  readonly names: readonly string[];
}

/**
 * A run's files on their way to the server: what its log names, artifacts among it, and what is made of the log at its end.
 */
export interface RunFiles {
  /** A line that the run printed. */
  print(line: string): void;
  /** Writes what a run leaves at its end, once; what can't be written is a notice. */
  writeEnd(): Promise<void>;
  /**
   * Begins with the next file and the next artifact, where none is on its way: each go one at a time, beside the posts,
   * since a large one must not keep rows and heartbeats waiting. Throws what ended an earlier one.
   */
  start(run: ServerRun): void;
  readonly isBusy: boolean;
  readonly waiting: FilesWaiting;
  /** Resolves when no file is on its way any more. */
  close(): Promise<void>;
}

/** `onDone` is called after each file and each artifact. */
export function createRunFiles(context: {
  readonly filesDir: string;
  readonly pending: PendingPosts;
  readonly api: ServerApi;
  readonly artifactApi: ArtifactApi;
  readonly requester: Requester;
  readonly onDone: () => void;
  readonly onNotice: (notice: LoggerNotice) => void;
}): RunFiles {
  const { filesDir, pending, artifactApi, onDone, onNotice } = context;
  let hasEnd = false;

  function tellUnwritten(name: string, reason: string): void {
    onNotice({ level: 'warn', code: 'file-not-written', message: `the run's file ${name} is not written: ${reason}` });
  }

  const output = createOutputFile(join(filesDir, END_FILES.output), (reason) =>
    tellUnwritten(END_FILES.output, reason),
  );

  const transfers = [
    createTransfer(
      pending.files,
      async (name, run) => pending.fileDone(await uploadFile(name, { ...context, run })),
      onDone,
    ),
    createTransfer(
      pending.artifacts,
      async (record, run) => {
        await uploadArtifact(JSON.parse(record), { ...context, run, api: artifactApi, runFolder: dirname(filesDir) });
        pending.artifactDone();
      },
      onDone,
    ),
  ];

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
      for (const transfer of transfers) transfer.start(run);
    },
    get isBusy() {
      return transfers.some((transfer) => transfer.isBusy);
    },
    get waiting() {
      const { files, artifacts } = pending;
      const names = artifacts.batch(0).lines.map((record) => (JSON.parse(record) as { name?: string }).name ?? '');
      return { count: files.waiting + artifacts.waiting, names: [...files.batch(0).lines, ...names] };
    },
    async close() {
      output.close();
      await Promise.all(transfers.map((transfer) => transfer.close()));
    },
  };
}
