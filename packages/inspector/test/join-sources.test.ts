import { describe, expect, it } from 'vitest';
import { type IdentifiedFile, type IdentifiedFolder, joinSources } from '../src/runs/join-sources.js';

const START = 1_700_000_000_000;

const journal = (path: string, id: string, startedAt = START, isResumed = false): IdentifiedFile => ({
  path,
  identity: { id, startedAt, isResumed },
});
const log = (dir: string, id: string, startedAt = START, name = 'offline-run-1'): IdentifiedFile => ({
  path: `${dir}/wandb/${name}-${id}/run-${id}.wandb`,
  identity: { id, startedAt },
});
const folder = (path: string, ...startedAt: number[]): IdentifiedFolder => ({ path, startedAt, createdAt: START + 5 });

/** Of each run: how many journals and W&B logs it has, and its event folders. */
function joined(journals: IdentifiedFile[], logs: IdentifiedFile[], folders: IdentifiedFolder[]) {
  return joinSources(journals, logs, folders).map((run) => [
    run.journals.length,
    run.wandbLogs.length,
    ...run.eventFolders.map(({ path, prefix }) => `${prefix}${path}`),
  ]);
}

describe('joining sources', () => {
  it('makes one run of what one run wrote', () => {
    expect(joined([journal('/a/x.jsonl', 'x')], [log('/a', 'x')], [folder('/a', START)])).toEqual([[1, 1, '/a']]);
    expect(joined([journal('/j/x.jsonl', 'x')], [log('/w', 'x')], [folder('/t', START)])).toEqual([[1, 1, '/t']]);
  });

  it('takes event files without hparams for those of the only run in their folder', () => {
    expect(joined([journal('/a/x.jsonl', 'x')], [], [folder('/a')])).toEqual([[1, 0, '/a']]);
    expect(joined([journal('/a/x.jsonl', 'x')], [], [folder('/b')])).toEqual([
      [1, 0],
      [0, 0, '/b'],
    ]);
    const two = [journal('/a/x.jsonl', 'x'), journal('/a/y.jsonl', 'y', START + 9)];
    expect(joined(two, [], [folder('/a')])).toEqual([
      [1, 0],
      [1, 0],
      [0, 0, '/a'],
    ]);
    // Older than the run.
    expect(joined([journal('/a/x.jsonl', 'x', START + 10_000)], [], [folder('/a')])).toEqual([
      [1, 0],
      [0, 0, '/a'],
    ]);
  });

  it('keeps copies in other folders apart', () => {
    const dirs = ['/a', '/b'];
    const runs = joined(
      dirs.map((dir) => journal(`${dir}/x.jsonl`, 'x')),
      dirs.map((dir) => log(dir, 'x')),
      dirs.map((dir) => folder(dir, START)),
    );
    expect(runs).toEqual([
      [1, 1, '/a'],
      [1, 1, '/b'],
    ]);
  });

  it('keeps runs of one name apart, unless one goes on with the other', () => {
    const first = journal('/a/x.jsonl', 'x');
    const logs = [log('/a', 'x'), log('/a', 'x', START + 9, 'offline-run-2')];
    expect(joined([first, journal('/a/x-2.jsonl', 'x', START + 9)], logs, [])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(joined([first, journal('/a/x-2.jsonl', 'x', START + 9, true)], logs, [])).toEqual([[2, 2]]);
  });

  it('makes one run of the two folders of a layout', () => {
    const folders = [folder('/a', START), folder('/a/train'), folder('/a/validation'), folder('/a/other')];
    expect(joined([journal('/a/x.jsonl', 'x')], [], folders)).toEqual([
      [1, 0, '/a', 'train//a/train', 'valid//a/validation'],
      [0, 0, '/a/other'],
    ]);
    expect(joined([], [], folders.slice(1))).toEqual([
      [0, 0, '/a/train'],
      [0, 0, '/a/validation'],
      [0, 0, '/a/other'],
    ]);
  });

  it('leaves the event files of several runs to none of them', () => {
    const journals = [journal('/a/x.jsonl', 'x'), journal('/a/y.jsonl', 'y', START + 9)];
    expect(joined(journals, [], [folder('/a', START, START + 9)])).toEqual([
      [1, 0],
      [1, 0],
      [0, 0, '/a'],
    ]);
  });

  it('calls a run the same before and after more of its files are found', () => {
    const all = joinSources([journal('/a/x.jsonl', 'x')], [log('/a', 'x')], [folder('/a', START)]);
    const logOnly = joinSources([], [log('/a', 'x')], []);
    expect(logOnly[0]!.identity).toBe(all[0]!.identity);
  });
});
