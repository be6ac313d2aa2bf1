import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runNpm } from './run-child.mjs';

/** Fetches the newest Node of a major version from npm, unless one is there already. Resolves with its path, or null after a complaint. */
export async function ensureNode(major) {
  const name = packageName();
  const folder = join(root, '.cache/nodes', `${major}`);
  const installed = programOf(folder, name);
  if (installed !== null && isNode(installed, major)) return installed;
  console.log(`Fetching Node ${major}`);
  mkdirSync(folder, { recursive: true });
  // The package `node` would fetch this one by an install script.
  const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${major}`];
  const exitCode = await runNpm(install, { quiet: true, cwd: folder });
  const program = programOf(folder, name);
  if (exitCode === 0 && program !== null && isNode(program, major)) return program;
  console.error(`Node ${major} cannot be fetched (${name}@${major}, exit code ${exitCode}): it needs the npm registry`);
  return null;
}

/** The package that holds Node's program for this machine. */
function packageName() {
  const { platform, arch } = process;
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

function programOf(folder, name) {
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return null;
  return join(folder, 'node_modules', name, JSON.parse(readFileSync(manifest, 'utf8')).bin.node);
}

function isNode(program, major) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout?.startsWith(`v${major}.`) ?? false;
}
