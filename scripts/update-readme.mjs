// node scripts/update-readme.mjs [--check]: runs examples/quickstart and puts its source and output into README.md.
// With --check it changes nothing, and exits with 1 if the README's source is another, or its output differs in more
// than fractions. Build first.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap/root.mjs';
import { quickstartSection } from './readme/quickstart.mjs';

const readme = join(root, 'README.md');
const before = readFileSync(readme, 'utf8');
const section = /(<!-- quickstart:[^>]*-->\n)[\s\S]*(?=<!-- \/quickstart -->)/;
if (!section.test(before)) throw new Error('README.md has lost the comments around its quickstart');

const fresh = await quickstartSection();
const after = before.replace(section, (_, opening) => opening + fresh);
if (process.argv[2] !== '--check') {
  writeFileSync(readme, after);
} else if (withoutNumbers(after) !== withoutNumbers(before)) {
  console.error(`README.md is out of date; run: node scripts/update-readme.mjs\n\nIt should show:\n${fresh}`);
  process.exitCode = 1;
}

/** Without what differs between machines: the fractions in the output, and the widths of their columns. */
function withoutNumbers(text) {
  return text.replaceAll(/```text\n[\s\S]*?```/g, (output) =>
    output.replaceAll(/\d+\.\d+(e-?\d+)?/g, '0').replaceAll(/[─ ]+/g, ' '),
  );
}
