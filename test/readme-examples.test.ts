import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const packages = readdirSync(join(root, 'packages'));

/** The programs of a page that are followed by their output; a page begins with one. */
function examples(page: string): { program: string; output: string }[] {
  const blocks = /```js\n((?:(?!```)[\s\S])*)```\s*```text\n([\s\S]*?)```/g;
  const found = [...readFileSync(page, 'utf8').matchAll(blocks)];
  if (found.length === 0) throw new Error(`${page} has no program (js) followed by its output (text)`);
  return found.map(([, program, output]) => ({ program: program!, output: output! }));
}

/** The output as a pattern: an ellipsis stands for what differs from run to run. */
function pattern(output: string): RegExp {
  const literal = output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('…', '.*')}$`);
}

const pages = packages.flatMap((name) =>
  examples(join(root, 'packages', name, 'README.md')).map((example, at) => ({ name, at: at + 1, ...example })),
);

describe.each(pages)('program $at of the README of packages/$name', ({ program, output }) => {
  it('has at most 15 lines and prints what the page says', async () => {
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
