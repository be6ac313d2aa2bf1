import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const cache = join(root, '.cache');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

let stage: string;
let folder: string;
let manifest: Manifest;
let size: number;
let files: readonly string[];

// Built and packed apart from the checkout: a stale file in dist must not count, nor may packing change dist under other tests.
beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  stage = mkdtempSync(join(cache, 'pack-'));
  folder = join(stage, 'packages/tensorboard-writer');
  cpSync(join(root, 'tsconfig.base.json'), join(stage, 'tsconfig.base.json'));
  cpSync(join(root, 'packages/tensorboard-writer'), folder, {
    recursive: true,
    filter: (source) => !/[/\\](dist|test|node_modules)$/.test(source),
  });
  manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  // Types are checked elsewhere; what is packed does not depend on it.
  await run(process.execPath, [tsc, '-p', folder, '--noCheck']);
  const { stdout } = await run('npm', ['pack', '--json', '--dry-run', '--silent'], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(stdout) as [{ size: number; files: { path: string }[] }];
  ({ size } = packed);
  files = packed.files.map(({ path }) => path);
});
afterAll(() => rmSync(stage, { recursive: true, force: true }));

/** What a file imports, also in the types of its declarations. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(folder, file), 'utf8');
  const pattern = /(?:\bfrom|\bimport|\bimport\()\s*(["'])([^"'\s]+)\1/g;
  return [...source.matchAll(pattern)].map((match) => match[2]!);
}

test('packs to less than 60,000 bytes', () => {
  expect(size).toBeLessThan(60_000);
});

test('has everything that its entries name, as JavaScript and as types', () => {
  for (const [entry, target] of Object.entries(manifest.exports)) {
    const conditions = typeof target === 'string' ? { default: target } : target;
    for (const [condition, path] of Object.entries(conditions)) {
      // Sources serve this repository alone.
      if (condition === '@microbatch/source') continue;
      expect(files, `${entry} (${condition})`).toContain(path.slice('./'.length));
    }
  }
});

test('has everything that its files import, or depends on it', () => {
  const code = files.filter((file) => /\.(js|d\.ts)$/.test(file));
  expect(code.length).toBeGreaterThan(2);
  for (const file of code) {
    for (const imported of importsOf(file)) {
      if (imported.startsWith('.')) {
        const path = posix.join(posix.dirname(file), imported);
        expect(files, file).toContain(file.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path);
      } else if (!imported.startsWith('node:') && !builtinModules.includes(imported)) {
        const name = imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
        expect(Object.keys(manifest.dependencies ?? {}), file).toContain(name);
      }
    }
  }
});

test('has nothing but code, its types, the manifest, the readme and the licence', () => {
  expect(files.filter((file) => !/^dist\/[^/]+\.(js|d\.ts)$/.test(file)).sort()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);
});

test('runs nothing when it is installed and has no native code, nor has anything that it depends on', () => {
  interface Locked {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly hasInstallScript?: boolean;
  }
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  expect(Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
  const visited = new Set<string>();
  const visit = (name: string) => {
    if (visited.has(name)) return;
    visited.add(name);
    const path = `node_modules/${name}`;
    expect(packages[path], name).toBeDefined();
    expect(packages[path]!.hasInstallScript ?? false, `${name} has an install script`).toBe(false);
    expect(existsSync(join(root, path, 'binding.gyp')), `${name} has native code`).toBe(false);
    for (const dependency of Object.keys(packages[path]!.dependencies ?? {})) visit(dependency);
  };
  for (const name of Object.keys(manifest.dependencies ?? {})) visit(name);
});
