import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { shownPoints } from './shown-points.js';
import { temporaryFolder } from './temporary-folder.js';

test('process.exit() in mid-run loses no point', async () => {
  const logDir = temporaryFolder();
  const child = fileURLToPath(new URL('children/exit-in-mid-run.mjs', import.meta.url));
  const { stderr } = spawnSync(process.execPath, [child, logDir], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(await shownPoints(logDir)).toEqual({
    mine: [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  });
});
