import { builtinModules } from 'node:module';
import { posix } from 'node:path';

/**
 * What `specifier` means in `importer`: `{ kind: 'builtin' }`, `{ kind: 'relative', path, file }`,
 * `{ kind: 'ours', name, folder, file }` for an entry point of a workspace package, or `{ kind: 'outside', name }`.
 * `file` is the source file behind it, undefined where there is none.
 */
export function resolveImport(tree, importer, specifier) {
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(importer), specifier);
    // What is written `.js` may stand as `.ts`.
    return { kind: 'relative', path, file: [path, path.replace(/js$/, 'ts')].find((file) => tree.files.has(file)) };
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { kind: 'builtin' };

  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  for (const [folder, manifest] of tree.packages) {
    if (manifest.name !== name) continue;
    const source = manifest.exports?.[`.${specifier.slice(name.length)}`]?.['@microbatch/source'];
    return { kind: 'ours', name, folder, file: source && posix.join(folder, source) };
  }
  return { kind: 'outside', name };
}
