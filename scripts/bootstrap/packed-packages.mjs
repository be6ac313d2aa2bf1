import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolders } from './package-folders.mjs';
import { root } from './root.mjs';
import { runNpm } from './run-child.mjs';

const PEERS = ['@tensorflow/tfjs', 'rxjs'];

/** Packs every package and installs the tarballs, with their peers, as a user would. Resolves with an exit code. */
export async function installPacked(folder) {
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  const workspaces = packageFolders().flatMap((workspace) => ['--workspace', workspace]);
  const packed = await runNpm(['pack', '--pack-destination', tarballs, ...workspaces], { quiet: true });
  if (packed !== 0) return packed;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const wanted = [
    ...readdirSync(tarballs).map((name) => join(tarballs, name)),
    ...PEERS.map((name) => `${name}@${packages[`node_modules/${name}`].version}`),
  ];
  // No package of ours, and none that it needs, may need an install script.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  return runNpm(['install', '--prefix', folder, ...options, ...wanted], { quiet: true, cwd: folder });
}
