// Builds, measures what docs/benchmarks.md shows, and writes that page: `npm run bench -- [--only a,b] [--quick]`.
// `--only` writes the sections of its parts; `--quick` (too few rounds to trust) prints and leaves the page alone.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureInstalled } from '../scripts/bootstrap/install.mjs';
import { build } from '../scripts/bootstrap/tasks.mjs';
import { benchmarksPage, describeMachine } from './page.mjs';
import { parts } from './parts.mjs';
import { rowText } from './rows.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const letters = values.only === undefined ? Object.keys(parts) : values.only.split(',');
for (const letter of letters) {
  if (Object.hasOwn(parts, letter)) continue;
  throw new RangeError(`--only takes letters of ${Object.keys(parts).join(',')}, not ${JSON.stringify(letter)}`);
}

/** Runs a script of `[...node's flags, script, ...arguments]` in a process of its own. Resolves with its rows. */
function runAlone(line) {
  const at = line.findIndex((word) => word.endsWith('.mjs'));
  const args = values.quick ? [...line.slice(at + 1), '--quick'] : line.slice(at + 1);
  return new Promise((resolve, reject) => {
    const child = fork(join(root, line[at]), args, { cwd: root, execArgv: line.slice(0, at) });
    let rows;
    child.on('message', (message) => {
      rows = message;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 && rows !== undefined) resolve(rows);
      else reject(new Error(`${line.join(' ')} failed: ${signal ?? `exit code ${code}`}`));
    });
  });
}

const exitCode = (await ensureInstalled()) || (await build());
if (exitCode !== 0) process.exit(exitCode);
const results = [];
for (const letter of letters) {
  const { title, about, runs: lines } = parts[letter];
  const machine = describeMachine();
  console.log(`\n${letter}. ${title}\n${machine}`);
  const runs = [];
  for (const line of lines) {
    const rows = await runAlone(line);
    for (const row of rows) console.log(`  ${rowText(row)}`);
    runs.push({ command: `node ${line.join(' ')}`, rows });
  }
  results.push({ title, about, machine, runs });
}
if (!values.quick) {
  const page = join(root, 'docs/benchmarks.md');
  const before = existsSync(page) ? readFileSync(page, 'utf8') : '';
  const titles = Object.values(parts).map(({ title }) => title);
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(page, benchmarksPage(before, titles, results));
  console.log('\ndocs/benchmarks.md is written');
}
