import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { microbatch } from '../src/index.js';
import { hasDesktop, openBrowser } from '../src/view/open-browser.js';
import { serveRuns } from '../src/view/serve-runs.js';
import { ask } from './ask.js';
import { temporaryFolder } from './temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('../bin/microbatch.js', import.meta.url));

/** Runs the command to its end; resolves with its exit code and what it printed. */
async function ended(...args: string[]): Promise<readonly [number, string]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exitCode = await microbatch(args, { stdin: new PassThrough(), stdout, stderr, env: {} });
  return [exitCode, `${stdout.read() ?? ''}${stderr.read() ?? ''}`];
}

/** Starts the program, and resolves with what it printed first. */
async function started(...args: string[]): Promise<{ readonly child: ChildProcess; readonly printed: string }> {
  const child = spawn(process.execPath, [PROGRAM, 'view', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [printed] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, printed: printed.toString() };
}

describe('microbatch view', () => {
  it('prints where the page is, serves it, and ends when it is interrupted', async () => {
    for (const [signal, args] of [
      ['SIGINT', []],
      ['SIGTERM', ['--json']],
    ] as const) {
      const dir = temporaryFolder();
      const { child, printed } = await started(dir, '--no-open', ...args);
      const url = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//.exec(printed)![0];
      if (args.length > 0) expect(JSON.parse(printed)).toEqual({ url, dir });
      else expect(printed).toContain(dir);
      expect((await ask(url, new URL(url).pathname)).status).toBe(200);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  });

  it('says plainly what keeps it from beginning', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'file'), '');
    const server = await serveRuns(dir);
    onTestFinished(() => server.close());
    const { port } = new URL(server.url);
    expect(await ended('view', dir, '--port', port)).toEqual([1, expect.stringContaining(`port ${port} is taken`)]);
    expect(await ended('view', join(dir, 'none'))).toEqual([2, expect.stringContaining('there is no folder')]);
    expect(await ended('view', join(dir, 'file'))).toEqual([2, expect.stringContaining('is no folder')]);
    expect(await ended('view', dir, '--port', '70000')).toEqual([2, expect.stringContaining('--port must be')]);
    expect(await ended('view', dir, '--what')).toEqual([2, expect.stringContaining('unknown option')]);
    const [exitCode, help] = await ended('view', '--help');
    expect([exitCode, help]).toEqual([0, expect.stringContaining('Examples:')]);
  });
});

describe('opening a browser', () => {
  it('says why there is none', async () => {
    expect(await openBrowser('http://127.0.0.1:1/', { PATH: temporaryFolder() }, 'linux')).toContain('xdg-open');
    const failing = join(temporaryFolder(), 'browser');
    writeFileSync(failing, '#!/bin/sh\nexit 3\n');
    chmodSync(failing, 0o755);
    expect(await openBrowser('http://127.0.0.1:1/', { BROWSER: failing }, 'linux')).toContain('exit code 3');
  });

  it('hands the address to it', async () => {
    const folder = temporaryFolder();
    const browser = join(folder, 'browser');
    writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > '${folder}/opened'\n`);
    chmodSync(browser, 0o755);
    expect(await openBrowser('http://127.0.0.1:1/a?b&c', { BROWSER: browser }, 'linux')).toBeUndefined();
    expect(existsSync(join(folder, 'opened')) && readFileSync(join(folder, 'opened'), 'utf8')).toBe(
      'http://127.0.0.1:1/a?b&c',
    );
  });

  it('is left where nobody sits', () => {
    expect(hasDesktop({ DISPLAY: ':0' }, 'linux')).toBe(true);
    expect(hasDesktop({}, 'linux')).toBe(false);
    expect(hasDesktop({}, 'darwin')).toBe(true);
    expect(hasDesktop({ DISPLAY: ':0', SSH_CONNECTION: 'x' }, 'linux')).toBe(false);
    expect(hasDesktop({ CI: 'true' }, 'win32')).toBe(false);
  });
});
