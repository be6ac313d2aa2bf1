import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SUBCOMMANDS } from '../src/command/subcommands.js';
import { logRun } from './logged-run.js';
import { runCommand } from './run-command.js';
import { spawnPipeline } from './spawn-command.js';
import { temporaryFolder } from './temporary-folder.js';

const NAMES = SUBCOMMANDS.map(({ name }) => name);

describe('microbatch', () => {
  it('has the subcommands that it promises, lists them, and helps with each', async () => {
    expect(NAMES).toEqual(['view', 'runs', 'verify', 'replay', 'sync', 'log']);
    const { code, stdout } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const name of NAMES) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
      const help = await runCommand([name, '--help']);
      expect(help).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/\nExamples:\n {2}\$ .*microbatch /),
      });
      expect(help.stdout).toMatch(/--json/);
      expect((await runCommand(['help', name])).stdout).toBe(help.stdout);
    }
  });

  it('calls each subcommand in its list as it calls itself', async () => {
    const { stdout } = await runCommand(['--help']);
    for (const { name, args } of SUBCOMMANDS) {
      const { stdout: help } = await runCommand([name, '--help']);
      expect(help).toContain(`Usage: microbatch ${name} [options] ${args}\n`);
      expect(stdout).toContain(`  ${name} ${args}`);
    }
  });

  it('says its version, and 2 for what there is not', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
    expect(await runCommand(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    for (const args of [[], ['verfy'], ['--what'], ['verify', '--what'], ['replay'], ['help', 'verfy']]) {
      const { code, stderr } = await runCommand(args);
      expect(code).toBe(2);
      expect(stderr).not.toBe('');
    }
  });

  it('ends quietly where nobody reads its output any more', async () => {
    const dir = temporaryFolder();
    for (let at = 0; at < 3; at++) await logRun({ dir, id: `run-${at}` });
    // More than a pipe holds, so that it is written after its reader has gone.
    for (let at = 0; at < 400; at++) {
      writeFileSync(join(dir, `${at}-${'x'.repeat(190)}.microbatch.jsonl`), '');
    }
    const { ended, stderr } = spawnPipeline('set -o pipefail; microbatch verify "$DIR" --json | head -c 10', {
      env: { DIR: dir },
    });
    expect([await ended, stderr()]).toEqual([141, '']);
  });
});

describe('microbatch runs', () => {
  it('lists the runs of a folder, the earliest first', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'b'));
    await logRun({ dir: join(dir, 'b'), id: 'later', startedAt: 120_000, until: 13, outcome: 'killed' });
    await logRun({ dir, id: 'earlier' });
    const { code, stdout, stderr } = await runCommand(['runs', dir]);
    expect([code, stderr]).toEqual([0, '']);
    const [head, ...lines] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(head).toEqual(['run', 'started', 'state', 'micro-batches', 'steps', 'epoch', 'loss', 'files', 'folder']);
    expect(lines).toEqual([
      ['earlier', '2026-01-02 03:04', 'finished', '20', '5', '2', '0.5355', 'journal W&B TensorBoard', '.'],
      ['later', '2026-01-02 03:06', 'stopped', '13', '3', '1.3', '0.7129', 'journal W&B TensorBoard', 'b'],
    ]);
    const json = JSON.parse((await runCommand(['runs', dir, '--json'])).stdout);
    expect(json).toMatchObject({
      problems: [],
      runs: [
        { id: 'earlier', outcome: 'finished', path: '.', last: { microStep: 20, step: 5, samples: 80, epoch: 2 } },
        { id: 'later', path: 'b', last: { microStep: 13, step: 3 }, sources: ['journal', 'wandb', 'tensorboard'] },
      ],
    });
  });

  it('tells what it can not read, and lists the rest', async () => {
    const dir = temporaryFolder();
    await logRun({ dir });
    writeFileSync(join(dir, 'run-x.wandb'), 'this is no log of W&B');
    const { code, stdout, stderr } = await runCommand(['runs', dir]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\ndigits /);
    expect(stderr).toMatch(/run-x\.wandb: /);
  });

  it('says where there is no run, and no folder', async () => {
    const dir = temporaryFolder();
    expect(await runCommand(['runs', dir])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no run at/),
    });
    expect(await runCommand(['runs', join(dir, 'gone')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no folder ".*gone"\n$/),
    });
  });
});
