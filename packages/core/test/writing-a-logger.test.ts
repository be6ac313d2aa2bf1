import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('docs/writing-a-logger.md', () => {
  it.each(['csv-logger.ts', 'csv-logger.test.ts'])('shows %s as it is tested', (name) => {
    const code = read(`custom-logger/${name}`);
    expect(read('../../../docs/writing-a-logger.md')).toContain(`\`\`\`ts\n// ${name}\n${code}\`\`\``);
  });
});
