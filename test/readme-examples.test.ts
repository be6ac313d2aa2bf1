import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const packages = readdirSync(join(root, 'packages'));

/** The first program of a page, and the output that the page says it has. */
function example(page: string): { program: string; output: string } {
  const match = /```js\n([\s\S]*?)```\s*```text\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8'));
  if (match === null) throw new Error(`${page} has no program (js) followed by its output (text)`);
  return { program: match[1]!, output: match[2]! };
}

/** The output as a pattern: an ellipsis stands for what differs from run to run. */
function pattern(output: string): RegExp {
  const literal = output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('…', '.*')}$`);
}

describe.each(packages)('the README of packages/%s', (name) => {
  it('has a program of at most 15 lines that prints what the page says', async () => {
    const { program, output } = example(join(root, 'packages', name, 'README.md'));
    const lines = program.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//'));
    expect(lines.length).toBeLessThanOrEqual(15);
    // Below the root, so that the packages' names resolve as they do for a user.
    mkdirSync(join(root, '.cache'), { recursive: true });
    const cwd = mkdtempSync(join(root, '.cache', 'readme-'));
    try {
      const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd });
      expect((await run).stdout).toMatch(pattern(output));
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});
