import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logPath, runFolders } from '../../packages/logger-wandb/test/folders.js';
import { rowsByKey } from '../../packages/logger-wandb/test/merged-run.js';
import { HISTORY, KEY, type UploadServer, uploadServer } from '../../packages/logger-wandb/test/upload-server.js';
import { emptyFolder } from './empty-folder.js';
import { lastBits, shownRows, startProcess } from './killed-run.js';

function keptRun({ runs }: UploadServer) {
  expect([...runs.keys()]).toHaveLength(1);
  return [...runs.values()][0]!;
}

function killUploader(dir: string): void {
  const lock = `${logPath(runFolders(dir).at(-1)!)}.upload.lock`;
  if (!existsSync(lock)) return;
  const { uploader } = JSON.parse(readFileSync(lock, 'utf8')) as { uploader: { pid: number } };
  process.kill(uploader.pid, 'SIGKILL');
}

describe('an online W&B run that SIGKILL ends', () => {
  const every = { microBatches: 4 };
  const unbroken = emptyFolder(afterAll);
  beforeAll(() => startProcess({ backend: 'cpu', dir: unbroken, every }));

  test.each([
    { killed: 'the program', before: () => {} },
    { killed: 'the program and its uploader', before: killUploader },
  ])('has each row once on the server: $killed', async ({ before }) => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const online = { mode: 'online', baseUrl: server.url, apiKey: KEY };
    const kill = { at: 25, before: () => before(dir) };
    const first = await startProcess({ backend: 'cpu', dir, every, wandb: online }, kill);
    const second = await startProcess({ backend: 'cpu', dir, every, wandb: { ...online, resume: 'must' } });
    expect([first.signal, second.code]).toEqual(['SIGKILL', 0]);
    const told = [first, second].flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code));
    expect(told.filter((code) => !/^(batch-norm|checkpoint-resumed|run-waits)/.test(code))).toEqual([]);
    expect(lastBits(dir)).toEqual(lastBits(unbroken));
    const { lines, anomalies, exitCodes, isOver } = keptRun(server);
    const rows = lines[HISTORY]!.map((line) => JSON.parse(line!) as Record<string, unknown>);
    expect(rowsByKey(rows)).toEqual(shownRows(unbroken).history);
    expect({ anomalies, isOver, last: exitCodes.at(-1) }).toEqual({ anomalies: [], isOver: true, last: 0 });
  });
});
