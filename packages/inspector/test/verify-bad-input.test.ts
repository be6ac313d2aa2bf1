import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { logRun } from './logged-run.js';
import { eventFiles, JOURNAL, wandbLog } from './plant.js';
import { runCommand } from './run-command.js';
import { BIN, spawnCommand } from './spawn-command.js';
import { temporaryFolder } from './temporary-folder.js';

const HEADER = '{"schema":1,"format":"microbatch-journal","runId":"a","startedAt":0}\n';

/** A healthy run, and a file beside it of which something has to be said. */
async function beside(name: string, content: string | Buffer): Promise<{ dir: string; path: string }> {
  const dir = temporaryFolder();
  await logRun({ dir });
  const path = join(dir, 'beside', name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return { dir, path };
}

describe('verify says, and checks the rest, where there is', () => {
  it.each([
    ['an empty journal', 'a.microbatch.jsonl', '', 'empty-file'],
    ['an empty W&B log', 'run-a.wandb', '', 'empty-file'],
    ['an empty event file', 'events.out.tfevents.1', '', 'empty-file'],
    ['a foreign journal', 'a.microbatch.jsonl', 'hello\nworld\n', 'not-a-journal'],
    ['a foreign W&B log', 'run-a.wandb', 'hello, this is no log', 'not-a-log'],
    ['a foreign event file', 'events.out.tfevents.1', 'hello, this is no event file', 'damaged-record'],
    ['bytes that are nothing', 'a.microbatch.jsonl', Buffer.alloc(200_000, 0xff), 'not-a-journal'],
    ['a journal of a later version', 'a.microbatch.jsonl', HEADER.replace('1', '9'), 'unknown-schema'],
    ['a journal without events', 'a.microbatch.jsonl', `${HEADER}{}\n{}\n`, 'damaged-line'],
    ['a log of a later version', 'run-a.wandb', Buffer.from(':W&B\xe1\xbe\x09', 'latin1'), 'not-a-log'],
  ])('%s', async (_name, name, content, code) => {
    const { dir, path } = await beside(name, content);
    const { runs, findings } = await verify([dir]);
    expect(findings).toContainEqual(expect.objectContaining({ severity: 'fault', code, file: path }));
    expect(findings.map(({ file }) => file)).toEqual(findings.map(() => path));
    expect(runs).toMatchObject([{ id: 'digits', faults: 0, sources: [{}, {}, {}] }]);
  });

  it('a file that is named but of no kind that is known, or not there', async () => {
    const { dir, path } = await beside('notes.txt', 'hello');
    const { findings, runs, faults } = await verify([dir, path, join(dir, 'gone')]);
    expect(findings).toMatchObject([
      { code: 'foreign-file', file: path },
      { code: 'unreadable', file: join(dir, 'gone'), message: expect.stringContaining('no such file') },
    ]);
    expect([faults, runs.length]).toEqual([2, 1]);
  });

  it('a file of gigabytes, without reading them', async () => {
    const { dir } = await beside('run-a.wandb', ':W&B');
    const huge = {
      'a.microbatch.jsonl': 'not-a-journal',
      'b.microbatch.jsonl': 'unreadable',
      'run-a.wandb': 'unreadable',
      'events.out.tfevents.1': 'damaged-record',
    };
    for (const name of Object.keys(huge)) {
      writeFileSync(join(dir, 'beside', name), name.startsWith('b') ? HEADER : '');
      // A hole: no disk has to hold it.
      truncateSync(join(dir, 'beside', name), 3 * 1024 ** 3);
    }
    const { findings, runs } = await verify([dir]);
    const found = findings.map(({ file, code }) => [file.slice(file.lastIndexOf('/') + 1), code]);
    expect(Object.fromEntries(found)).toEqual(huge);
    expect(runs).toMatchObject([{ faults: 0 }]);
  });

  it.each([
    ['a journal', (dir: string) => join(dir, JOURNAL)],
    ['a W&B log', wandbLog],
    ['an event file', (dir: string) => eventFiles(dir)[0]!],
  ])('%s that goes while it looks', async (_name, fileOf) => {
    const dir = temporaryFolder();
    await logRun({ dir });
    const path = fileOf(dir);
    const { findings } = await verify([dir], { onProgress: (_done, _all, next) => next === path && rmSync(path) });
    expect(findings.filter(({ file }) => file === path)).toMatchObject([{ code: 'unreadable' }]);
  });

  it('links that lead in circles, and nowhere', async () => {
    const dir = temporaryFolder();
    await logRun({ dir });
    symlinkSync(dir, join(dir, 'circle'));
    symlinkSync(join(dir, 'gone'), join(dir, 'a.microbatch.jsonl'));
    expect(await verify([dir])).toMatchObject({ faults: 0, findings: [], runs: [{ id: 'digits' }] });
  });

  // Root may read everything.
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const mayRun = spawnSync(process.execPath, [BIN, '--version'], asNobody).status === 0;
  it.skipIf(!mayRun)('a folder and a file that may not be read', async () => {
    const dir = temporaryFolder();
    chmodSync(dir, 0o755);
    await logRun({ dir });
    for (const name of ['closed', 'open']) mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'open', 'b.microbatch.jsonl'), HEADER);
    chmodSync(join(dir, 'open', 'b.microbatch.jsonl'), 0);
    chmodSync(join(dir, 'closed'), 0);
    const { status, stdout } = spawnSync(process.execPath, [BIN, 'verify', dir, '--json'], {
      ...asNobody,
      encoding: 'utf8',
    });
    const { findings, runs } = JSON.parse(stdout);
    expect(findings).toMatchObject([
      { code: 'unreadable', file: join(dir, 'closed'), message: expect.stringContaining('EACCES') },
      { code: 'unreadable', file: join(dir, 'open', 'b.microbatch.jsonl'), message: expect.stringContaining('EACCES') },
    ]);
    expect([status, runs]).toMatchObject([1, [{ id: 'digits', faults: 0 }]]);
  });
});

describe('verify', () => {
  it('finds nothing wrong with a run while it is written', async () => {
    const dir = temporaryFolder();
    const where = ['--journal', dir, '--tensorboard', dir, '--wandb', '--wandb-dir', dir];
    const { process: command, says, ended } = spawnCommand(['log', '--accum-batch-size', '16', ...where]);
    let sent = 0;
    for (const round of [1, 2, 3, 4, 5]) {
      const lines = Array.from({ length: 400 }, () => `{"loss": ${1 / ++sent}, "samples": 8}\n`);
      command.stdin.write(`${lines.join('')}round ${round} is over\n`);
      await says(`round ${round} is over`);
      const { faults, runs, findings } = await verify([dir]);
      expect(runs.flatMap((run) => run.findings).filter(({ severity }) => severity === 'fault')).toEqual([]);
      expect([faults, findings]).toEqual([0, []]);
      expect(runs[0]!.findings.map(({ code }) => code)).toContain('not-over');
    }
    command.stdin.end();
    expect(await ended).toBe(0);
    const { faults, runs } = await verify([dir]);
    expect([faults, runs[0]!.findings, runs[0]!.outcome]).toEqual([0, [], 'finished']);
  });

  it('shows names, tags and paths as text that can do nothing to a terminal', async () => {
    const dir = temporaryFolder();
    const hostile = '\u001b[2J\u202Eevil<script>\r\n';
    await logRun({
      dir,
      values: { 3: { [hostile]: 1 } },
      alter: { wandb: (events) => events.filter(({ type }) => type !== 'log') },
    });
    const { code, stdout } = await runCommand(['verify', dir], { tty: true, env: { NO_COLOR: '1' } });
    expect(code).toBe(1);
    expect(stdout).toContain('\\u{1b}[2J\\u{202e}evil<script>\\u{d}\\u{a}');
    for (const char of ['\u001b', '\u202e', '\r']) expect(stdout).not.toContain(char);
  });

  it('says by its exit code, and on a terminal by colours, what it found', async () => {
    const dir = temporaryFolder();
    expect(await runCommand(['verify', dir])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no journal/),
    });
    await logRun({ dir });
    const good = await runCommand(['verify', dir], { tty: true });
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('\u001b[32m1 run, 1 without a fault') });
    expect(good.stderr).toMatch(/\[.*\] \d\/3 files/);
    for (const [args, options] of [
      [['--no-color'], { tty: true }],
      [[], { tty: true, env: { NO_COLOR: '1' } }],
      [[], { tty: true, env: { TERM: 'dumb' } }],
      [[], {}],
    ] as const) {
      expect((await runCommand(['verify', dir, ...args], options)).stdout).not.toContain('\u001b');
    }
    truncateSync(join(dir, JOURNAL), 2000);
    const bad = await runCommand(['verify', dir, '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout).runs[0].findings).toContainEqual(expect.objectContaining({ code: 'torn-file' }));
  });
});
