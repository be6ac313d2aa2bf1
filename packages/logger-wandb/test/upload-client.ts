import { type UploadOptions, type UploadResult, uploadRun } from '../src/upload/upload-run.js';
import { ENTITY, KEY, type KeptRun, type UploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

/** Uploads a log; the clock does not pass. */
export function upload(
  server: UploadServer,
  logPath: string,
  options: Partial<UploadOptions> = {},
): Promise<UploadResult> {
  return uploadRun({ logPath, baseUrl: server.url, apiKey: KEY, timers: testTimers(), ...options });
}

/** The run of `RUN`, as the server has it. */
export function kept(server: UploadServer): KeptRun {
  return server.runs.get(`${ENTITY}/demo/abc`)!;
}

/** The server's rows and those of the log, told apart without printing megabytes. */
export function firstDifference(
  lines: readonly (string | null)[] = [],
  expected: readonly string[],
): string | undefined {
  if (lines.length !== expected.length) return `${lines.length} rows, not ${expected.length}`;
  const at = lines.findIndex((line, index) => line !== expected[index]);
  return at === -1 ? undefined : `row ${at} is ${lines[at]?.slice(0, 100)}`;
}
