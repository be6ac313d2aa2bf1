import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const { MICROBATCH_PACKED: installed, MICROBATCH_NODE: major } = process.env;
if (installed === undefined || major === undefined) throw new Error('run it as npm run test:node-matrix');

const packages = join(import.meta.dirname, '../../packages');
const names = readdirSync(packages).map(
  (folder) => JSON.parse(readFileSync(join(packages, folder, 'package.json'), 'utf8')).name as string,
);

/** Every entry of a package that was installed from its tarball, as users write it. */
function entries(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(installed!, 'node_modules', name, 'package.json'), 'utf8'));
  return Object.keys(manifest.exports).map((entry) => `${name}${entry.slice(1)}`);
}

async function run(program: string): Promise<string> {
  const options = { cwd: installed! };
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    options,
  );
  return stderr + stdout;
}

it('runs on the Node that it is meant for', () => {
  expect(process.version).toMatch(new RegExp(`^v${major}\\.`));
});

describe.each(names)('%s, packed and installed', (name) => {
  it.each(entries(name))('has the entry %s, which loads without a warning', async (entry) => {
    const how = entry.endsWith('.json') ? ", { with: { type: 'json' } }" : '';
    const program = `console.log(Object.keys(await import(${JSON.stringify(entry)}${how})).length > 0)`;
    expect(await run(program)).toBe('true\n');
  });
});

it('tensorboard-writer, packed and installed, writes and reads an event file', async () => {
  const program = `
    import { mkdtempSync, rmSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { readScalars, SummaryWriter } from 'tensorboard-writer';
    const folder = mkdtempSync(join(tmpdir(), 'packed-'));
    const writer = new SummaryWriter(folder);
    for (let step = 0; step < 3; step += 1) writer.addScalar('loss', 2 ** -step, step);
    writer.close();
    console.log(String((await readScalars(folder)).series.get('loss').values));
    rmSync(folder, { recursive: true });
  `;
  expect(await run(program)).toBe('1,0.5,0.25\n');
});
