import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readWandbRun } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';

const PROGRAM = `
  import { once } from 'node:events';
  import { writeFileSync } from 'node:fs';
  import { startRun } from '@microbatch/logger-wandb';
  await once(process.stdin, 'data');
  const run = await startRun({ dir: process.argv[1], saveGit: false });
  // Each of them is told on stderr, which nobody reads any more.
  for (let row = 0; row < 50; row++) {
    run.log({ row, ['bad' + row]: Symbol('x') });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await run.finish();
  writeFileSync(process.argv[1] + '/done', '');
  process.stdin.destroy();
`;

it('a run goes on when the pipe behind its stderr is closed', async () => {
  const dir = emptyFolder();
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, dir], { cwd: import.meta.dirname });
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('go\n');
  const [code] = await once(child, 'exit');
  expect([code, existsSync(join(dir, 'done'))]).toEqual([0, true]);
  expect(readWandbRun(runFolders(dir)[0]!)).toMatchObject({ history: { length: 50 }, exit: { exitCode: 0 } });
});
