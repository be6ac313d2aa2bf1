import { afterAll, describe, expect, test } from 'vitest';
import { emptyFolder } from './empty-folder.js';
import { type Job, journalled, lastBits, type ProcessEnd, shownPoints, shownRows, startProcess } from './killed-run.js';

const MICRO_BATCHES = 60;
const every = { microBatches: 3 };

/** What a run on a backend comes to that is never stopped: a folder and how its process ended, once for all tests. */
const unbroken = new Map<string, { readonly dir: string; readonly end: Promise<ProcessEnd> }>();
for (const backend of ['cpu', 'wasm']) unbroken.set(backend, neverStopped(backend));

function neverStopped(backend: string) {
  const dir = emptyFolder(afterAll);
  let end: Promise<ProcessEnd> | undefined;
  return {
    dir,
    get end() {
      end ??= startProcess({ backend, dir, every });
      return end;
    },
  };
}

/** Micro-batches to be killed at, each further on than the one before. */
function randomKills(): number[] {
  const kills = new Set(Array.from({ length: 3 }, () => 1 + Math.floor(Math.random() * (MICRO_BATCHES - 12))));
  return [...kills].sort((a, b) => a - b);
}

/** Starts processes of a run, each killed at the next of `kills`, until one comes to the end. */
async function runKilled(job: Job, kills: readonly number[], signal: 'SIGKILL' | 'SIGTERM'): Promise<ProcessEnd[]> {
  const ends: ProcessEnd[] = [];
  for (const kill of [...kills.map((at) => ({ at, signal })), undefined]) {
    const end = await startProcess(job, kill);
    ends.push(end);
    if (end.code !== null) break;
  }
  return ends;
}

describe.each([
  { backend: 'cpu', signal: 'SIGKILL' },
  { backend: 'wasm', signal: 'SIGKILL' },
  { backend: 'cpu', signal: 'SIGTERM' },
] as const)('a run on $backend that $signal ends again and again', ({ backend, signal }) => {
  test('has the bits of one that was never stopped, and shows what that one shows', async () => {
    const killed = emptyFolder();
    const kills = randomKills();
    const { dir, end } = unbroken.get(backend)!;
    const [whole, ends] = await Promise.all([end, runKilled({ backend, dir: killed, every }, kills, signal)]);
    const story = `killed at ${kills}: ${JSON.stringify(ends)}`;
    expect(whole, story).toMatchObject({ code: 0, microStep: MICRO_BATCHES });
    expect(ends.length, story).toBeGreaterThan(1);
    expect(ends.at(-1), story).toMatchObject({ code: 0, microStep: MICRO_BATCHES });
    expect(lastBits(killed), story).toEqual(lastBits(dir));
    for (const loader of ['slow', 'fast'] as const) {
      expect(await shownPoints(killed, loader), story).toEqual(await shownPoints(dir, loader));
    }
    expect(shownRows(killed), story).toEqual(shownRows(dir));
    expect(await journalled(killed), story).toEqual(await journalled(dir));
  });
});
