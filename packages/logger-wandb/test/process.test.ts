import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readWandbRun } from '../src/index.js';
import { logRun } from './child.js';
import { emptyFolder, logPath, runFolders } from './folders.js';

const KEY = '0123456789abcdef0123456789abcdef01234567';

it('says where the run is and how to upload it, one line each', async () => {
  const dir = emptyFolder();
  const { code, stdout, stderr } = await logRun({ options: { dir }, rows: 3 });
  const folder = runFolders(dir)[0];
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toBe(
    `wandb: Run data is saved locally in ${folder}\n` +
      `wandb: You can sync this run to the cloud by running: wandb sync ${folder}\n`,
  );
});

it('stays offline where a key is set, says how to go online, and never shows the key', async () => {
  const dir = emptyFolder();
  const { stderr } = await logRun({ options: { dir }, rows: 3 }, { WANDB_API_KEY: KEY });
  const lines = stderr.split('\n').filter((line) => /offline by default|online|transport/.test(line));
  expect(lines).toEqual([expect.stringMatching(/offline by default.*wandb sync.*mode: 'online'/)]);
  expect(stderr).not.toContain(KEY);
});

it('prints nothing when quiet', async () => {
  const { stderr } = await logRun({ options: { dir: emptyFolder(), quiet: true }, rows: 3 }, { WANDB_API_KEY: KEY });
  expect(stderr).toBe('');
});

it('loses at most what 64 KiB hold to SIGKILL, also in a loop that never yields', async () => {
  const dir = emptyFolder();
  const rows = 5000;
  const { signal } = await logRun({ options: { dir, quiet: true }, rows, end: 'kill' });
  expect(signal).toBe('SIGKILL');
  const { history, damage, exit } = readWandbRun(runFolders(dir)[0]!);
  expect(exit).toBeUndefined();
  expect(history.map((row) => row._step)).toEqual(history.map((_, at) => at));
  const bytesPerRow = statSync(logPath(runFolders(dir)[0]!)).size / history.length;
  expect((rows - history.length) * bytesPerRow).toBeLessThan(66 * 1024);
  expect(damage.length).toBeLessThanOrEqual(1);
});

it.skipIf(process.platform === 'win32')('keeps what was written when the disk is full, and says so', async () => {
  const dir = emptyFolder();
  // A limit on the file's size is what a test can have instead of a full disk: 128 blocks of 1024 bytes.
  const limited = ([script, job]: string[]) => [
    'bash',
    '-c',
    `trap '' XFSZ; ulimit -f 128; exec "$0" "$1" "$2"`,
    process.execPath,
    script!,
    job!,
  ];
  const { code, stderr } = await logRun({ options: { dir, quiet: true }, rows: 5000 }, {}, limited);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/LoggerError.*EFBIG/s);
  expect(stderr).toContain(runFolders(dir)[0]);
  const { history, damage } = readWandbRun(runFolders(dir)[0]!);
  expect(statSync(logPath(runFolders(dir)[0]!)).size).toBeLessThanOrEqual(128 * 1024);
  expect(history.length).toBeGreaterThan(100);
  expect(history.map((row) => row['train/loss'])).toEqual(history.map((_, at) => 1 / (at + 1)));
  expect(damage).toEqual([]);
});
