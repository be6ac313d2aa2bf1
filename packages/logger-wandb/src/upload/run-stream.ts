import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { countLines, type LineCounts, NO_LINES, STREAMS, type StreamName } from './line-counts.js';
import { countsAfter, type PendingPosts, type Post } from './pending-posts.js';
import { programName } from './program-name.js';
import { RequestFailed } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import type { ServerApi } from './server-api.js';
import { saveUploadState, type UploadState } from './upload-state.js';

/** One run on the server, as far as its log and its upload state bring it. Each step throws as `Requester.send` does. */
export interface RunStream {
  /** The run on the server; absent before `start`. */
  readonly run: ServerRun | undefined;
  /** The user asked for the run to stop. */
  readonly stopRequested: boolean;
  /**
   * Creates the run, or finds it, and asks what it has. Throws a `LoggerError` (`run-continued`) where it has more than
   * this log sent: another process goes on with the run.
   */
  start(): Promise<void>;
  /** Sends what waits, or a sign of life. */
  post(): Promise<void>;
  /** Marks the run as ended; to be called when nothing waits. */
  complete(exitCode: number): Promise<void>;
  /** Puts on the disk what the server is known to have; after `failure`, asks it where that is open. Never throws. */
  settle(failure?: unknown): Promise<void>;
}

const FILE_NAMES: Readonly<Record<StreamName, string>> = {
  history: 'wandb-history.jsonl',
  events: 'wandb-events.jsonl',
  output: 'output.log',
};
const SUMMARY_FILE = 'wandb-summary.json';
const GZIP_FEATURE = 'FILESTREAM_GZIP';

/** `before` is the state that an earlier upload of the log left. */
export function createRunStream(context: {
  readonly logPath: string;
  readonly baseUrl: string;
  readonly before: UploadState | undefined;
  readonly pending: PendingPosts;
  readonly api: ServerApi;
  readonly onNotice: (notice: LoggerNotice) => void;
}): RunStream {
  const { logPath, baseUrl, before, pending, api, onNotice } = context;
  let run: ServerRun | undefined;
  let base = before?.base ?? NO_LINES;
  let sent = before?.sent ?? NO_LINES;
  let gzip = false;
  let sentBucket = 0;
  let stopRequested = false;

  const acknowledged = () => countLines(pending.streams, 'acknowledged');

  async function save(durable: boolean, complete = false): Promise<void> {
    const { entity, project, runId } = run!;
    const place = { baseUrl, entity, project, runId, base };
    const done = { files: pending.filesAnnounced, artifacts: pending.artifacts.acknowledged };
    const state: UploadState = { version: 1, ...place, sent, acknowledged: acknowledged(), ...done, complete };
    await saveUploadState(logPath, state, durable);
  }

  /** Saves where that works: a full disk must not keep rows from the server. */
  async function remember(): Promise<void> {
    try {
      await save(false);
    } catch (error) {
      const message = `${logPath}: how far the upload came can't be written: ${(error as Error).message}`;
      onNotice({ level: 'warn', code: 'upload-state', message });
    }
  }

  /** What the server has of this log, where it says so; else what it had acknowledged. */
  function resume(counts: Partial<LineCounts>, known: LineCounts): void {
    for (const name of STREAMS) {
      const count = counts[name];
      pending.streams[name].acknowledge(count === undefined ? known[name] : Math.max(0, count - base[name]));
    }
  }

  async function updateRun(): Promise<void> {
    const { version } = pending.bucket;
    if (version === sentBucket) return;
    try {
      await api.upsertRun(pending.bucket.variables(run));
    } catch (error) {
      // The rows are worth more than the config: if the server takes nothing at all, the next post says so.
      if (!(error instanceof RequestFailed)) throw error;
      onNotice({
        level: 'warn',
        code: 'config-refused',
        message: `the run's config is not up to date: ${error.message}`,
      });
    }
    sentBucket = version;
  }

  function bodyOf(post: Post): object {
    const files: Record<string, { offset: number; content: readonly string[] }> = {};
    for (const name of STREAMS) {
      const batch = post.streams[name];
      if (batch) files[FILE_NAMES[name]] = { offset: base[name] + batch.index, content: batch.lines };
    }
    if (post.summary) files[SUMMARY_FILE] = { offset: 0, content: [post.summary.text] };
    return {
      ...(Object.keys(files).length > 0 ? { files } : {}),
      ...(post.uploaded.length > 0 ? { uploaded: post.uploaded } : {}),
    };
  }

  return {
    get run() {
      return run;
    },
    get stopRequested() {
      return stopRequested;
    },
    async start() {
      const { version } = pending.bucket;
      const program = await programName(join(dirname(logPath), 'files'));
      const answer = await api.upsertRun(pending.bucket.variables(undefined, program));
      sentBucket = version;
      const { counts } = answer;
      const ahead = STREAMS.find((name) => before !== undefined && (counts[name] ?? 0) > base[name] + sent[name]);
      if (ahead !== undefined) {
        const message =
          `the run ${answer.run.runId} has more lines of ${ahead} at ${baseUrl} than this log sent: ` +
          'another process went on with it, so nothing more is sent';
        throw new LoggerError('wandb', 'run-continued', message);
      }
      if (before === undefined) base = { ...NO_LINES, ...counts };
      else resume(counts, before.acknowledged);
      run = answer.run;
      if (before === undefined) await save(true);
      gzip = (await api.features()).has(GZIP_FEATURE);
    },
    async post() {
      await updateRun();
      const post = pending.next();
      const after = countsAfter(pending, post);
      if (STREAMS.some((name) => after[name] > sent[name])) {
        sent = {
          history: Math.max(sent.history, after.history),
          events: Math.max(sent.events, after.events),
          output: Math.max(sent.output, after.output),
        };
        await remember();
      }
      if (await api.post(run!, bodyOf(post), { gzip })) stopRequested = true;
      pending.acknowledge(post);
    },
    async complete(exitCode) {
      await updateRun();
      const hasWorked = async () => {
        try {
          return (await api.status(run!))?.isOver ?? false;
        } catch (error) {
          if (error instanceof RequestFailed) return false;
          throw error;
        }
      };
      await api.post(run!, { complete: true, exitcode: exitCode }, { gzip: false, hasWorked });
      await save(true, true);
      // The official client's mark, which keeps `wandb sync` from sending the run again.
      await writeFile(`${logPath}.synced`, '');
    },
    async settle(failure) {
      if (run === undefined) return;
      try {
        if (failure instanceof RequestFailed && failure.isAmbiguous) {
          const status = await api.status(run, { maxRetries: 0 });
          if (status !== undefined) resume(status.counts, acknowledged());
        }
        if (failure instanceof RequestFailed) sent = acknowledged();
      } catch {
        // `sent` says what the server may have: who goes on has to ask first.
      }
      await remember();
    },
  };
}
