// npm runs this before it packs. JavaScript goes without the comments that its declarations carry anyway, and
// declarations that the public ones do not lead to stay at home: a third of the package.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = join(import.meta.dirname, 'dist');

const { status } = spawnSync('tsc', ['-p', 'tsconfig.publish.json'], {
  cwd: import.meta.dirname,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) throw new Error(`tsc -p tsconfig.publish.json failed (exit code ${status})`);

const reached = new Set(['index.d.ts']);
for (const file of reached) {
  const source = readFileSync(join(dist, file), 'utf8');
  for (const [, name] of source.matchAll(/["']\.\/([^"']+)\.js["']/g)) reached.add(`${name}.d.ts`);
}
const internal = readdirSync(dist).filter((file) => file.endsWith('.d.ts') && !reached.has(file));
writeFileSync(join(dist, '.npmignore'), internal.map((file) => `/${file}\n`).join(''));
