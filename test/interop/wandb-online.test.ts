import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { syncRun } from '@microbatch/logger-wandb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY } from '../../packages/logger-wandb/test/upload-server.js';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { type RunState, readRunState, stateDifferences } from './run-state.js';
import { type Client, type Clients, clientsOf } from './wandb-online-clients.js';
import { ALLOWED_DIFFERENCES, type AllowedDifference, type Comparison } from './wandb-online-differences.js';
import { sideBySide } from './wandb-online-table.js';

const RUNS = ['twin', 'failed'];

let home: string;
let server: FakeWandb;
let clients: Clients;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-online-'));
  server = await fakeWandb(home);
  clients = clientsOf(server.url, home);
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

/** What a project's runs left on the server, each place behind its run's name. */
async function stateOf(project: string, runs: readonly string[] = RUNS): Promise<RunState> {
  const state = new Map<string, string>();
  for (const run of runs) {
    for (const [place, value] of await readRunState(server.url, project, run)) state.set(`${run}: ${place}`, value);
  }
  return state;
}

/** Fails where states differ in what is not allowed, and where what is allowed is no difference. */
function expectSameState(first: RunState, second: RunState, comparison: Comparison): void {
  const allowed = ALLOWED_DIFFERENCES.filter((one) => one.in.includes(comparison));
  const found = new Set<AllowedDifference>();
  const others = stateDifferences(first, second).filter(({ place, values: [a, b] }) => {
    const only = a === undefined ? 'second' : b === undefined ? 'first' : undefined;
    const match = allowed.find((one) => one.place.test(place.slice(place.indexOf(': ') + 2)) && one.only === only);
    if (match !== undefined) found.add(match);
    return match === undefined;
  });
  expect(others).toEqual([]);
  expect(allowed.filter((one) => !found.has(one))).toEqual([]);
}

describe('the same experiment leaves the same state, and the same warning, as with Python wandb', () => {
  const STEP_REFUSED =
    'WARNING Tried to log to step 19 that is less than the current step 20. ' +
    'Steps must be monotonically increasing, so this data will be ignored.';

  test('online', async () => {
    for (const client of ['python', 'ours'] as const) {
      expect(await clients.log(client, client, { mode: 'online', exitCode: 1 })).toContain(STEP_REFUSED);
    }
    // A program that fails does not wait for its uploader.
    const isComplete = async () => (await readRunState(server.url, 'ours', 'failed')).get('complete');
    await expect.poll(isComplete, { timeout: 60_000, interval: 100 }).toBe('true');
    if (process.env.SHOW_STATES) {
      const states = ['python', 'ours'].map((project) => readRunState(server.url, project, 'twin'));
      const [python, ours] = await Promise.all(states);
      process.stdout.write(`${sideBySide(['Python', 'ours'], [python!, ours!])}\n`);
    }
    expectSameState(await stateOf('python'), await stateOf('ours'), 'online');
  });

  test('offline, uploaded by wandb sync', async () => {
    for (const client of ['python', 'ours'] as const) {
      const project = `${client}-offline`;
      const printed = await clients.log(client, project, { mode: 'offline', exitCode: 1 });
      expect(printed).toContain(STEP_REFUSED);
    }
    await clients.wandbSync([...clients.folders('python-offline'), ...clients.folders('ours-offline')]);
    expectSameState(await stateOf('python-offline'), await stateOf('ours-offline'), 'offline');
  });
});

test('syncRun leaves the same state of a run of ours as wandb sync', async () => {
  await clients.log('ours', 'ours-twice', { mode: 'offline', exitCode: 1 });
  const folders = clients.folders('ours-twice');
  const copies = folders.map((folder) => join(home, 'copies', basename(folder)));
  for (const [index, folder] of folders.entries()) cpSync(folder, copies[index]!, { recursive: true });
  await clients.wandbSync(copies, 'ours-by-wandb');
  for (const folder of folders) {
    expect(await syncRun(folder, { baseUrl: server.url, apiKey: KEY })).toMatchObject({ outcome: 'complete' });
  }
  expectSameState(await stateOf('ours-by-wandb'), await stateOf('ours-twice'), 'upload');
});

test.each<[Client, Client]>([
  ['python', 'ours'],
  ['ours', 'python'],
])('a run that %s began goes on with %s, each row and line where it belongs', async (first, second) => {
  const project = `${first}-then-${second}`;
  await clients.log(first, project, { mode: 'online', exitCode: 0, args: ['begin', 'relay'] });
  await clients.log(second, project, { mode: 'online', exitCode: 0, args: ['resume', 'relay'] });
  const state = await readRunState(server.url, project, 'relay');
  const times = /_timestamp|_runtime|_wandb › runtime/;
  const compared = [...state].filter(([place]) =>
    /^(config|summary|row|line(Counts)?|said › (notes|tags))/.test(place),
  );
  expect(Object.fromEntries(compared.filter(([place]) => !times.test(place)))).toEqual(relayState());
  for (const [place, value] of Object.entries({
    complete: 'true',
    exitcode: '0',
    anomalies: '[]',
    displayName: '"relay"',
  })) {
    expect(state.get(place), place).toBe(value);
  }
});

/** What both halves of a run leave together, as the scripts log them. */
function relayState(): Record<string, string> {
  const state: Record<string, string> = {
    ...{ 'config › first': '1', 'config › both': '2', 'config › second': '2' },
    ...{ 'summary › loss': '12', 'summary › first': '2', 'summary › second': '2', 'summary › _step': '5' },
    ...{ 'summary › by hand': '1', 'said › notes': '"first notes"', 'said › tags › 0': '"old"' },
    'lineCounts › wandb-history.jsonl': '6',
    'lineCounts › wandb-summary.json': '1',
    'lineCounts › output.log': '6',
  };
  for (let step = 0; step < 6; step++) {
    const isFirst = step < 3;
    state[`row ${step} › _step`] = String(step);
    state[`row ${step} › loss`] = String(isFirst ? step : 7 + step);
    state[`row ${step} › ${isFirst ? 'first' : 'second'}`] = String(step % 3);
    state[`line ${step}`] = `said: ${isFirst ? 'first' : 'second'} ${step % 3}`;
  }
  return state;
}
