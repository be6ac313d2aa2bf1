import { sinkConformance } from '@microbatch/core/testing';
import { describe, it } from 'vitest';
import { readWandbRun, wandbSink } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';

describe('wandbSink conforms', () => {
  const create = () => {
    const dir = emptyFolder();
    const sink = wandbSink({ dir, quiet: true, onNotice: () => {} });
    return { sink, read: () => readBack(runFolders(dir).map((path) => readWandbRun(path))) };
  };
  for (const { name, run } of sinkConformance({ create })) it(name, run);
});

function readBack(runs: readonly ReturnType<typeof readWandbRun>[]) {
  const rows = runs.flatMap(({ history }) => history);
  const logged: Record<string, unknown[]> = {};
  for (const [key, value] of rows.flatMap((row) => Object.entries(row))) {
    if (!/^(_|epoch$|train\/|trainer\/|valid\/)/.test(key)) logged[key] = [...(logged[key] ?? []), value];
  }
  const losses = rows.flatMap((row) => ('train/loss' in row ? [row['train/loss'] as number] : []));
  return { losses, logged, closed: runs.every(({ exit }) => exit !== undefined) };
}
