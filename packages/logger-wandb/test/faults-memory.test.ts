import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { emptyFolder } from './folders.js';

const SCRIPT = fileURLToPath(new URL('./children/fault-print.mjs', import.meta.url));

it.skipIf(process.platform === 'win32')('what the disk refuses does not gather in memory instead', async () => {
  const limited = `trap '' XFSZ; ulimit -f 128; exec "$0" "$1" "$2"`;
  const child = spawn('bash', ['-c', limited, process.execPath, SCRIPT, emptyFolder()], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (piece) => {
    said += piece;
  });
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(Number(said)).toBeLessThan(8 * 1024 * 1024);
});
