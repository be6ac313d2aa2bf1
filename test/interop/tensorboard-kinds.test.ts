import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { everyKind } from './every-kind.js';
import { WALL_TIME } from './kinds/kind.js';
import { parseLooseJson } from './loose-json.js';
import { run, type Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

type Found = Readonly<Record<string, unknown>>;

const SCRIPT = join(import.meta.dirname, 'read_kinds.py');
// What lies beside the event file has no form of its own in it.
const KINDS_IN_FILE = Object.keys(everyKind).filter((kind) => everyKind[kind]!.expected !== undefined);

let logDir: string;

beforeAll(() => {
  logDir = mkdtempSync(join(tmpdir(), 'interop-kinds-'));
  const writer = new SummaryWriter(join(logDir, 'every'));
  for (const { write } of Object.values(everyKind)) write(writer);
  writer.addScalars('losses', { train: 0.5, 'valid/ü': Number.NaN }, 3, WALL_TIME);
  writer.close();
});
afterAll(() => rmSync(logDir, { recursive: true }));

async function read(...args: string[]): Promise<Found> {
  const python = pythonProgram('tensorboard', 'python');
  const { stdout, stderr, exitCode } = await run(python, [SCRIPT, ...args], { cwd: logDir });
  expect(exitCode, stderr).toBe(0);
  return parseLooseJson(stdout) as Found;
}

describe.each(['event_accumulator', 'plugin_event_accumulator'])("TensorBoard's %s", (loader) => {
  let found: Found;
  beforeAll(async () => {
    found = await read(loader, join(logDir, 'every'));
  });

  test('finds these kinds', () => expect(Object.keys(found).sort()).toEqual([...KINDS_IN_FILE].sort()));
  test.each(KINDS_IN_FILE)('reads what was added: %s', (kind) => {
    expect(found[kind]).toEqual(everyKind[kind]!.expected);
  });
  test.each([
    ['losses_train', 0.5],
    ['losses_valid_ü', Number.NaN],
  ])('reads a curve that shares its chart as a run: %s', async (folder, value) => {
    const { scalars } = await read(loader, join(logDir, 'every', folder));
    expect(scalars).toEqual({ losses: [[WALL_TIME, 3, value]] });
  });
});

describe.each(['false', 'true'])('TensorBoard with --load_fast=%s', (loadFast) => {
  let server: Server;
  beforeAll(async () => {
    server = await serveTensorboard(logDir, `--load_fast=${loadFast}`, '--reload_interval=1');
  });
  afterAll(() => server?.stop());

  // It goes on loading while it serves.
  const settled = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 500 });

  async function get(path: string): Promise<unknown> {
    return (await fetch(`${server.url}/data/${path}`)).json();
  }

  test('is what serves', async () => {
    const provider = loadFast === 'true' ? 'Grpc' : 'Multiplexer';
    expect(await get('environment?debug')).toMatchObject({
      debug: { data_provider: expect.stringMatching(`^${provider}DataProvider`) },
    });
  });

  test.each(Object.keys(everyKind))('shows what was added: %s', (kind) =>
    settled(async () => {
      const { expected, served = expected } = everyKind[kind]!;
      expect((await read('http', server.url, 'every'))[kind]).toEqual(served);
    }),
  );

  test.each([
    ['every/losses_train', 0.5],
    ['every/losses_valid_ü', 'NaN'],
  ])('shows a curve that shares its chart as a run: %s', (name, value) =>
    settled(async () => {
      const query = new URLSearchParams({ run: name, tag: 'losses' });
      expect(await get(`plugin/scalars/scalars?${query}`)).toEqual([[WALL_TIME, 3, value]]);
    }),
  );
});
