import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sinkConformance } from '@microbatch/core/testing';
import { describe, it } from 'vitest';
import { type TensorBoardOptions, tensorboardSink } from '../src/index.js';
import { loadedValues } from './loaded-values.js';
import type { ShownValue } from './shown-values.js';
import { temporaryFolder } from './temporary-folder.js';

/** Each point as `x value`, by folder and tag. */
async function shownPoints(logDir: string, loader: 'slow' | 'fast'): Promise<Record<string, string[]>> {
  const shown: Record<string, string[]> = {};
  const folders = readdirSync(logDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of ['', ...folders.map(({ name }) => name)]) {
    for (const value of await loadedValues(join(logDir, folder), loader)) {
      // Of each session one, as before: the table shows the last.
      if (value.tag.startsWith('_hparams_/')) continue;
      const key = `${folder}:${value.tag}`;
      shown[key] = [...(shown[key] ?? []), `${value.step} ${textOf(value)}`];
    }
  }
  return shown;
}

function textOf(value: ShownValue): string {
  if (value.kind === 'scalar') return String(value.value);
  return value.kind === 'text' ? value.texts.join() : value.kind;
}

describe.each(['slow', 'fast'] as const)("in TensorBoard's %s loader,", (loader) => {
  describe.each<Omit<TensorBoardOptions, 'logDir'>>([{}, { layout: 'split' }, { stepAxis: 'samples' }])(
    '%j:',
    (options) => {
      function create() {
        const logDir = temporaryFolder();
        const reopen = () => tensorboardSink({ logDir, ...options });
        return {
          sink: reopen(),
          reopen,
          read: async () => ({ losses: [], logged: await shownPoints(logDir, loader) }),
        };
      }
      const cases = sinkConformance({ create }).filter(({ name }) => name.startsWith('checkpoint: a resumed run'));
      for (const { name, run } of cases) it(name.replace('checkpoint: ', ''), run);
    },
  );
});
