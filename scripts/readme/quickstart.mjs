import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../bootstrap/root.mjs';

/** The example's source and what it prints when it runs, as the README shows them. Build first. */
export async function quickstartSection() {
  const source = readFileSync(join(root, 'examples/quickstart/main.ts'), 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'microbatch-quickstart-'));
  try {
    const program = join(root, 'examples/dist/quickstart/main.js');
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
    return `\`\`\`ts\n${source}\`\`\`\n\`\`\`text\n${stdout}\`\`\`\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
