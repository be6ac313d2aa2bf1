import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { countLines, type LineCounts, NO_LINES, STREAMS, type StreamName } from './line-counts.js';
import { countsAfter, type PendingPosts, type Post } from './pending-posts.js';
import { programName } from './program-name.js';
import { RequestFailed } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import { assertOurs, countsBefore, firstPlace, runContinued } from './run-place.js';
import type { ServerApi } from './server-api.js';
import type { UploadTimers } from './timers.js';
import { saveUploadState, type UploadState } from './upload-state.js';

/** One run on the server, as far as its log and its upload state bring it. Each step throws as `Requester.send` does. */
export interface RunStream {
  /** The run on the server; absent before `start`. */
  readonly run: ServerRun | undefined;
  /** The user asked for the run to stop. */
  readonly stopRequested: boolean;
  /**
   * Creates the run, or finds it, and asks what it has. Throws a `LoggerError` (`run-continued`) where its last row is not
   * this log's: another process went on with the run, which stays as it is.
   */
  start(): Promise<void>;
  /**
   * Sends what waits, or a sign of life. Throws a `LoggerError` (`run-continued`) where another process has sent rows
   * meanwhile.
   */
  post(): Promise<void>;
  /** Marks the run as ended; to be called when nothing waits. `logBytes` of the log are read. */
  complete(exitCode: number, logBytes: number): Promise<void>;
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
/** A question before each post of the usual pace, but not before each of many in a row. */
const CHECK_EVERY_MS = 10_000;
const SYNC_EVERY_MS = 5000;

/** `before` is the state that an earlier upload of the log left. */
export function createRunStream(context: {
  readonly logPath: string;
  readonly baseUrl: string;
  readonly before: UploadState | undefined;
  readonly pending: PendingPosts;
  readonly api: ServerApi;
  readonly timers: UploadTimers;
  readonly onNotice: (notice: LoggerNotice) => void;
}): RunStream {
  const { logPath, baseUrl, before, pending, api, timers, onNotice } = context;
  let run: ServerRun | undefined;
  let base = before?.base ?? NO_LINES;
  let sent = before?.sent ?? NO_LINES;
  let gzip = false;
  let sentBucket = 0;
  let stopRequested = false;
  let isContinued = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let syncedAt = Number.NEGATIVE_INFINITY;

  const acknowledged = () => countLines(pending.streams, 'acknowledged');

  async function save(durable: boolean, end: Pick<UploadState, 'complete' | 'logBytes'>): Promise<void> {
    const { entity, project, runId } = run!;
    const place = { baseUrl, entity, project, runId, base };
    const done = { files: pending.filesAnnounced, artifacts: pending.artifacts.acknowledged };
    const state: UploadState = { version: 1, ...place, sent, acknowledged: acknowledged(), ...done, ...end };
    await saveUploadState(logPath, isContinued ? { ...state, continued: true } : state, durable);
    if (durable) syncedAt = timers.now();
  }

  function saveProgress(): Promise<void> {
    return save(timers.now() - syncedAt >= SYNC_EVERY_MS, { complete: false });
  }

  /** Saves where that works: a full disk must not keep rows from the server. */
  async function remember(work: () => Promise<void> = saveProgress): Promise<void> {
    try {
      await work();
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
    const { history, events, output } = acknowledged();
    sent = {
      history: Math.max(sent.history, history),
      events: Math.max(sent.events, events),
      output: Math.max(sent.output, output),
    };
  }

  /**
   * Throws where the server has rows that this upload did not send. Before the first ones, another process's last rows may
   * still have come in: this log's go behind them.
   */
  async function assertNotContinued(): Promise<void> {
    let counts: Partial<LineCounts> | undefined;
    checkedAt = timers.now();
    try {
      counts = (await api.status(run!, { maxRetries: 0 }))?.counts;
    } catch (error) {
      if (error instanceof RequestFailed) return;
      throw error;
    }
    if (counts?.history === undefined || counts.history <= base.history + sent.history) return;
    if (sent.history > 0) {
      isContinued = true;
      throw runContinued(run!.runId, context);
    }
    base = { ...base, history: counts.history };
    await save(true, { complete: false });
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
      const known = before && (await countsBefore(before, context));
      const answer = await api.upsertRun(pending.bucket.variables(undefined, program));
      sentBucket = version;
      if (before === undefined) {
        base = await firstPlace(answer, context);
      } else {
        if (known === undefined) await assertOurs(before, answer.counts, context);
        resume(known ?? answer.counts, before.acknowledged);
      }
      run = answer.run;
      if (before === undefined) await save(true, { complete: false });
      gzip = (await api.features()).has(GZIP_FEATURE);
    },
    async post() {
      await updateRun();
      const post = pending.next();
      const hasRows = post.streams.history !== undefined;
      if (hasRows && timers.now() - checkedAt >= CHECK_EVERY_MS) await assertNotContinued();
      const after = countsAfter(pending, post);
      if (STREAMS.some((name) => after[name] > sent[name])) {
        sent = {
          history: Math.max(sent.history, after.history),
          events: Math.max(sent.events, after.events),
          output: Math.max(sent.output, after.output),
        };
        await remember();
      }
      const hasWorked = async () => {
        if (hasRows) await assertNotContinued();
        return false;
      };
      if (await api.post(run!, bodyOf(post), { gzip, hasWorked })) stopRequested = true;
      pending.acknowledge(post);
    },
    async complete(exitCode, logBytes) {
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
      await remember(async () => {
        await save(true, { complete: true, logBytes });
        // The official client's mark, which keeps `wandb sync` from sending the run again.
        await writeFile(`${logPath}.synced`, '');
      });
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
