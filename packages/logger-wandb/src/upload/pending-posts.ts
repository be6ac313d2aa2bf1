import type { LoggerNotice } from '@microbatch/core/logger';
import type { WandbRecord } from '../log/read-log.js';
import { FILE_POLICIES } from '../log/records.js';
import { type ConsoleLine, consoleLineText, createConsoleLines } from './console-lines.js';
import { END_FILES } from './end-files.js';
import { type JsonTree, treeText, updateTree } from './json-tree.js';
import { type LineCounts, STREAMS, type StreamName } from './line-counts.js';
import { createLineQueue, type LineBatch, type LineQueue } from './line-queue.js';
import { createRunBucket, type RunBucket } from './run-bucket.js';
import { eventsLine, historyLine, isSendable, MAX_LINE_BYTES } from './stream-lines.js';

/** What the next request is to bring; nothing where it is only a sign of life. */
export interface Post {
  readonly streams: Readonly<Partial<Record<StreamName, LineBatch>>>;
  readonly summary: { readonly text: string; readonly version: number } | undefined;
  /** Names of files that are uploaded. */
  readonly uploaded: readonly string[];
  /** Files that are dealt with, these among them. */
  readonly filesDone: number;
}

/** What of a log is still to be sent. Records go in, posts come out; it knows nothing of files and of the network. */
export interface PendingPosts {
  readonly bucket: RunBucket;
  readonly streams: Readonly<Record<StreamName, LineQueue>>;
  /**
   * Names of the run's files in the order of uploading: what the log names while it grows, what waits for the end, and what
   * is made then.
   */
  readonly files: LineQueue;
  /** The run's artifacts: JSON texts of their records. */
  readonly artifacts: LineQueue;
  /** Files that are dealt with, and announced where they were uploaded. */
  readonly filesAnnounced: number;
  /** The exit record's code; absent before it. */
  readonly exitCode: number | undefined;
  /** The summary as JSON text. */
  readonly summaryText: string;
  /** Nothing more should be put in before something is acknowledged. */
  readonly full: boolean;
  /** There is something to post; files and artifacts that wait for their upload don't count. */
  readonly hasData: boolean;
  apply(record: WandbRecord): void;
  /** Takes a history record as its line. */
  addRow(line: string): void;
  /** The log ended without an exit record: the run counts as failed, as in the Python client. */
  endWithoutExit(): void;
  /** The first file that waits is dealt with; a file that could not be uploaded is not announced. */
  fileDone(uploaded: boolean): void;
  /** The first artifact that waits is dealt with. */
  artifactDone(): void;
  next(): Post;
  /** The server has what `post` brought. */
  acknowledge(post: Post): void;
}

const MAX_FILES_WAITING = 1000;
const EXIT_CODE_WITHOUT_EXIT = 1;

/** `maxSize` is in characters of the lines that one post holds, and of all that wait. */
export function createPendingPosts(options: {
  readonly maxSize: number;
  /** Told of each line that the run printed. */
  readonly onPrinted: (line: string) => void;
  readonly onNotice: (notice: LoggerNotice) => void;
}): PendingPosts {
  const bucket = createRunBucket();
  const streams = { history: createLineQueue(), events: createLineQueue(), output: createLineQueue() };
  const files = createLineQueue();
  const artifacts = createLineQueue();
  const atEnd = new Set<string>();
  const console = createConsoleLines();
  const summary: JsonTree = new Map();
  let summaryVersion = 0;
  let sentSummary = 0;
  let filesAnnounced = 0;
  let uploaded: string[] = [];
  let exitCode: number | undefined;

  function push(name: StreamName, line: string): void {
    if (isSendable(line)) {
      streams[name].push(line);
      return;
    }
    const message = `a line of ${name} has more than the ${MAX_LINE_BYTES} bytes that W&B takes: it stays on disk only`;
    options.onNotice({ level: 'warn', code: 'line-too-long', message });
  }

  function updateSummary(change: unknown): void {
    updateTree(summary, change);
    summaryVersion++;
  }

  /** The summary, where the server lacks it and takes it: as a file, at the end, it has any length. */
  function newSummary(): Post['summary'] {
    if (summaryVersion === sentSummary) return undefined;
    const text = treeText(summary);
    if (isSendable(text)) return { text, version: summaryVersion };
    sentSummary = summaryVersion;
    const message = `the summary has more than the ${MAX_LINE_BYTES} bytes that W&B takes: it is not shown as it grows`;
    options.onNotice({ level: 'warn', code: 'summary-too-long', message });
    return undefined;
  }

  function addFiles(content: Readonly<Record<string, unknown>>): void {
    for (const { path = '', policy = 0 } of (content.files ?? []) as { path?: string; policy?: number }[]) {
      if (policy !== FILE_POLICIES.end) files.push(path);
      if (policy !== FILE_POLICIES.now) atEnd.add(path);
    }
  }

  function print(lines: readonly ConsoleLine[]): void {
    for (const line of lines) {
      push('output', consoleLineText(line));
      options.onPrinted(line.content);
    }
  }

  function end(code: number): void {
    print(console.end());
    for (const name of [END_FILES.config, END_FILES.summary]) atEnd.add(name);
    if (streams.output.total > 0) atEnd.add(END_FILES.output);
    for (const path of atEnd) files.push(path);
    exitCode = code;
  }

  return {
    bucket,
    streams,
    files,
    artifacts,
    get filesAnnounced() {
      return uploaded.length === 0 ? files.acknowledged : filesAnnounced;
    },
    get exitCode() {
      return exitCode;
    },
    get summaryText() {
      return treeText(summary);
    },
    get full() {
      const size = STREAMS.reduce((sum, name) => sum + streams[name].size, 0);
      return size >= options.maxSize || files.waiting >= MAX_FILES_WAITING;
    },
    get hasData() {
      return STREAMS.some((name) => streams[name].waiting > 0) || summaryVersion !== sentSummary || uploaded.length > 0;
    },
    apply({ type, content }) {
      if (exitCode !== undefined) return;
      bucket.apply(type, content);
      if (type === 'history') push('history', historyLine(content));
      else if (type === 'stats') push('events', eventsLine(content, bucket.startedAt));
      else if (type === 'outputRaw') print(console.push(content));
      else if (type === 'summary') updateSummary(content);
      else if (type === 'run' && content.summary !== undefined) updateSummary(content.summary);
      else if (type === 'files') addFiles(content);
      else if (type === 'artifact') artifacts.push(JSON.stringify(content));
      else if (type === 'exit') end((content.exitCode as number | undefined) ?? 0);
    },
    addRow: (line) => push('history', line),
    endWithoutExit: () => end(EXIT_CODE_WITHOUT_EXIT),
    fileDone(isUploaded) {
      const { lines } = files.batch(0);
      if (isUploaded) uploaded.push(...lines);
      files.acknowledge(files.acknowledged + 1);
    },
    artifactDone() {
      artifacts.acknowledge(artifacts.acknowledged + 1);
    },
    next() {
      let room = options.maxSize;
      const batches: Partial<Record<StreamName, LineBatch>> = {};
      for (const name of STREAMS) {
        if (streams[name].waiting === 0 || room <= 0) continue;
        const batch = streams[name].batch(room);
        batches[name] = batch;
        for (const line of batch.lines) room -= line.length;
      }
      return {
        streams: batches,
        summary: newSummary(),
        uploaded: [...uploaded],
        filesDone: files.acknowledged,
      };
    },
    acknowledge(post) {
      for (const [name, { index, lines }] of Object.entries(post.streams)) {
        streams[name as StreamName].acknowledge(index + lines.length);
      }
      if (post.summary !== undefined) sentSummary = post.summary.version;
      uploaded = uploaded.slice(post.uploaded.length);
      filesAnnounced = post.filesDone;
    },
  };
}

/** Where each file of a run ends when the server has taken `post`. */
export function countsAfter(pending: PendingPosts, post: Post): LineCounts {
  const count = (name: StreamName) => {
    const batch = post.streams[name];
    return batch === undefined ? pending.streams[name].acknowledged : batch.index + batch.lines.length;
  };
  return { history: count('history'), events: count('events'), output: count('output') };
}
