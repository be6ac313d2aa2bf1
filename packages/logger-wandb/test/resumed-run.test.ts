import { sinkConformance } from '@microbatch/core/testing';
import { describe, it } from 'vitest';
import { type WandbOptions, wandbSink } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';
import { mergedRun } from './merged-run.js';

const OPTIONS: readonly WandbOptions[] = [
  {},
  {
    metrics: { 'own/*': { summary: ['min', 'max', 'mean', 'first'] }, 'train/loss': { stepMetric: 'trainer/samples' } },
    stepAxis: 'micro',
  },
];

describe.each(OPTIONS)('with %j,', (options) => {
  function create() {
    const dir = emptyFolder();
    const reopen = () =>
      wandbSink({ dir, quiet: true, saveGit: false, systemMetrics: false, onNotice: () => {}, ...options });
    const read = () => {
      const { history, summary } = mergedRun(runFolders(dir));
      return { losses: [], logged: { ...history, summary: [summary] } };
    };
    return { sink: reopen(), reopen, read };
  }
  const cases = sinkConformance({ create }).filter(({ name }) => name.startsWith('checkpoint: a resumed run'));
  for (const { name, run } of cases) it(name.replace('checkpoint: ', ''), run);
});
