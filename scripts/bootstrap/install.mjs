import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runNpm } from './run-child.mjs';

/** Installs what the lock file lists, unless it is there already. Resolves with an exit code. */
export async function ensureInstalled() {
  const reason = whyInstall(root);
  if (reason === null) return 0;
  const verb = existsSync(join(root, 'package-lock.json')) ? 'ci' : 'install';
  console.log(`${reason}: npm ${verb}`);
  // NODE_ENV=production would leave the compiler out.
  const exitCode = await runNpm([verb, '--include=dev']);
  if (exitCode !== 0) console.error(`npm ${verb} failed (exit code ${exitCode}): it needs the npm registry`);
  return exitCode;
}

/** Says why the folder's packages must be installed, or null: npm notes in node_modules what it put there. */
export function whyInstall(folder) {
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (installed === null) return 'Dependencies are not installed';
  const locked = readPackages(join(folder, 'package-lock.json')) ?? {};
  for (const [path, wanted] of Object.entries(locked)) {
    if (!path.includes('node_modules/') || wanted.optional || wanted.devOptional) continue;
    const found = installed[path];
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity || !existsSync(join(folder, path))) {
      return `Dependencies changed (${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)})`;
    }
  }
  return null;
}

function readPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : null;
}
