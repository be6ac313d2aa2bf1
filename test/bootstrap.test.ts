import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whyInstall } from '../scripts/bootstrap/install.mjs';
import { runNode } from '../scripts/bootstrap/run-child.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bootstrap = join(root, 'scripts/bootstrap.mjs');
const runChildModule = new URL('../scripts/bootstrap/run-child.mjs', import.meta.url).href;

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs this Node; `onOutput` sees all output so far after each piece of it. */
function node(
  args: readonly string[],
  onOutput: (output: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
        onOutput(output, child);
      });
    }
    child.once('error', reject).once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

describe('the bootstrap', () => {
  test.each(['18.20.8', '20.18.3', '6.17.1'])('refuses Node %s in one line', async (version) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
    const { exitCode, output } = await node(['--import', `data:text/javascript,${pretend}`, bootstrap, 'start']);
    expect(output).toBe(`microbatch needs Node 20.19 or newer, and this is Node ${version}: see https://nodejs.org\n`);
    expect(exitCode).toBe(1);
  });

  test('asks for the Node that every package asks for', () => {
    const manifests = [
      'package.json',
      ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`),
    ];
    for (const manifest of manifests) {
      expect(JSON.parse(readFileSync(join(root, manifest), 'utf8')), manifest).toMatchObject({
        engines: { node: '>=20.19' },
      });
    }
  });

  test('names a verb that it does not know', async () => {
    const { exitCode, output } = await node([bootstrap, 'strat']);
    expect(output).toBe(
      'the verb must be one of start, example, test, test:interop, test:node-matrix, test:native, setup:native, check, not strat\n',
    );
    expect(exitCode).toBe(1);
  });
});

describe('a child process', () => {
  test('gives its exit code', async () => {
    expect(await runNode(['-e', 'process.exitCode = 7'])).toBe(7);
  });

  test('that a signal ends gives 128 and its number', async () => {
    expect(await runNode(['-e', "process.kill(process.pid, 'SIGKILL')"])).toBe(137);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('gets a %s of its parent once', async (signal) => {
    // The child answers each signal with a line, then ends.
    const childCode = `process.on('${signal}', () => { console.log('got it'); setImmediate(() => process.exit(7)); });
      setInterval(() => {}, 1000); console.log('ready');`;
    const parentCode = `import(${JSON.stringify(runChildModule)})
      .then(({ runNode }) => runNode(['-e', ${JSON.stringify(childCode)}]))
      .then((code) => process.exit(code));`;
    const { exitCode, output } = await node(['-e', parentCode], (soFar, child) => {
      if (soFar === 'ready\n') child.kill(signal);
    });
    expect(output).toBe('ready\ngot it\n');
    expect(exitCode).toBe(7);
  });
});

describe('dependencies', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'install-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(file: string, packages: Record<string, object>): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify({ lockfileVersion: 3, packages }));
  }

  const a = { version: '1.0.0', integrity: 'sha512-a' };
  const locked = {
    '': { name: 'top' },
    'packages/ours': { name: 'ours', version: '0.1.0' },
    'node_modules/a': a,
    'node_modules/ours': { resolved: 'packages/ours', link: true },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  };
  const installed = { 'node_modules/a': a, 'node_modules/ours': locked['node_modules/ours'] };

  function install(): void {
    write('package-lock.json', locked);
    write('node_modules/.package-lock.json', installed);
    mkdirSync(join(folder, 'node_modules/a'));
    mkdirSync(join(folder, 'node_modules/ours'));
  }

  test('that npm installed as locked are left alone', () => {
    install();
    expect(whyInstall(folder)).toBe(null);
  });

  test('are installed on a fresh clone', () => {
    write('package-lock.json', locked);
    expect(whyInstall(folder)).toBe('Dependencies are not installed');
  });

  test('are installed again when the lock file names another version', () => {
    install();
    write('package-lock.json', { ...locked, 'node_modules/a': { ...a, version: '1.0.1' } });
    expect(whyInstall(folder)).toBe('Dependencies changed (a)');
  });

  test('are installed again when the lock file names a package that is not there', () => {
    install();
    write('package-lock.json', { ...locked, 'node_modules/@scope/compiler': { version: '7.0.0', dev: true } });
    expect(whyInstall(folder)).toBe('Dependencies changed (@scope/compiler)');
  });

  test('are installed again when a package was deleted', () => {
    install();
    rmSync(join(folder, 'node_modules/a'), { recursive: true });
    expect(whyInstall(folder)).toBe('Dependencies changed (a)');
  });
});
