import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { scanImports } from './scan-imports.mjs';

const SOURCE = /\.(?:[cm]?[jt]s|tsx)$/;
const NOT_SOURCES = new Set(['node_modules', 'dist']);

/**
 * Reads a repository's packages and source files.
 *
 * `packages` maps a folder ('packages/core', 'examples', and '' for the top) to its package.json; `files` maps each
 * source file to `{ owner, imports }`, where `owner` is the package's folder. Paths are relative to `root`, with '/'.
 */
export function readSourceTree(root) {
  const packages = new Map([['', readManifest(root)]]);
  const files = new Map();
  const folders = [
    ...list(join(root, 'packages')).map((name) => `packages/${name}`),
    ...['examples', 'test', 'bench', 'scripts'].filter((name) => existsSync(join(root, name))),
  ];
  for (const folder of folders) {
    const isPackage = existsSync(join(root, folder, 'package.json'));
    if (isPackage) packages.set(folder, readManifest(join(root, folder)));
    for (const path of sourcesBelow(join(root, folder))) {
      const file = relative(root, path).split(sep).join('/');
      files.set(file, { owner: isPackage ? folder : '', imports: scanImports(readFileSync(path, 'utf8')) });
    }
  }
  return { packages, files };
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function* sourcesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (NOT_SOURCES.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourcesBelow(path);
    else if (SOURCE.test(entry.name)) yield path;
  }
}
