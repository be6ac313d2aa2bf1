import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.js';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/command.md'), 'utf8');

/** The codes of all that `verify` may say, as its source has them. */
function codesOf(): Set<string> {
  const folder = join(import.meta.dirname, '../src/verify');
  const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const calls = source.match(/\.?\b(?:fault|note)\(\s*[^{,]*'[a-z-]+'/g) ?? [];
  return new Set(calls.flatMap((call) => call.match(/'([a-z]+(?:-[a-z]+)*)'/g)!.map((code) => code.slice(1, -1))));
}

describe('docs/command.md', () => {
  it('shows what --help says', async () => {
    const { stdout } = await runCommand(['--help']);
    expect(page).toContain(stdout.trimEnd());
  });

  it('explains each code that verify has', () => {
    const codes = [...codesOf()].filter((code) => !['step', 'read-failed'].includes(code));
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it.each(['view', 'runs', 'verify', 'replay', 'sync', 'log'])(
    'has the exit codes of %s, whose --help has examples',
    async (name) => {
      const { code, stdout } = await runCommand([name, '--help']);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/Examples:\n {2}\$ /) });
      expect(stdout).toContain('--json');
      expect(page).toContain(`| \`${name}\` |`);
    },
  );

  it.each(['view', 'runs', 'verify', 'replay', 'sync', 'log'])('%s --help has its exit codes', async (name) => {
    expect((await runCommand([name, '--help'])).stdout).toMatch(/Exit codes: 0 /);
  });
});
