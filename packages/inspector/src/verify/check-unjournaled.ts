import { plural } from '../plural.js';
import { layoutOf, namesOf } from './assign.js';
import type { EventFileSet } from './check-tensorboard.js';
import { expectedNames } from './expected-names.js';
import type { Findings } from './finding.js';
import { isNear } from './near.js';
import type { CheckedSource } from './report.js';
import { loadEventFile } from './tensorboard/load-event-file.js';
import type { EventFileHead } from './tensorboard/peek-event-file.js';
import { createPointTable } from './tensorboard/point-table.js';
import { route } from './tensorboard/route.js';
import type { WandbTarget } from './wandb/load-wandb.js';

const CLOCKS = { micro: 'trainer/micro_step', accumulated: 'trainer/step', samples: 'trainer/samples' } as const;

/**
 * Compares event files with a W&B log where there is no journal: what both say of batches. `others` are the run's logs of other
 * processes.
 */
export async function compareWithWandb(
  { root, layout, axis, heads }: EventFileSet,
  target: WandbTarget,
  others: readonly WandbTarget[],
  findings: Findings,
): Promise<CheckedSource> {
  const loaded = [];
  for (const head of heads) {
    const file = await loadEventFile(head.path, findings.reporter(head.path));
    if (file !== undefined && (layout === 'single' || !head.folder.endsWith('validation'))) loaded.push(file);
  }
  const table = createPointTable(loaded);
  const path = loaded.length === 1 ? loaded[0]!.path : root;
  const report = findings.reporter(path);
  const names = expectedNames(namesOf((name) => heads.some(({ tags }) => tags.has(name)), layoutOf(heads[0]!)));
  const both = [names.loss, names.smoothLoss, names.learningRate, names.accumBatchSize];
  let points = 0;
  for (const [step, row] of target.rows) {
    const x = row[CLOCKS[axis]];
    for (const key of both) {
      const expected = row[key];
      if (typeof x !== 'number' || typeof expected !== 'number') continue;
      const found = table.take(route(key, layout).tag, x);
      points += 1;
      if (found !== undefined && isNear(found.value, Math.fround(expected), 0)) continue;
      const told = { at: { x, row: step }, key, expected, found: found?.value ?? 'nothing' };
      const message = `${key} at x ${x} is ${told.found}, where W&B's row ${step} says ${expected}`;
      report.fault(found === undefined ? 'missing-point' : 'value', { ...told, message });
    }
  }
  const rowsElsewhere = new Set(others.flatMap(({ rows }) => [...rows.values()].map((row) => row[CLOCKS[axis]])));
  // A process that was killed, or stopped, has lost its open row, or left it to the next one.
  const last = [...target.rows.values()].at(-1)?.[CLOCKS[axis]];
  const mayGoOn = (x: number) => target.run.exit?.exitCode !== 0 && x > Number(last ?? -1);
  for (const { tag, xs: all } of table.rest()) {
    const xs = all.filter((x) => !rowsElsewhere.has(x) && !mayGoOn(x));
    if (xs.length === 0 || !both.some((key) => route(key, layout).tag === tag)) continue;
    const message = `${tag} has ${plural(xs.length, 'point')}, from x ${xs[0]} on, for which W&B has no row`;
    report.fault('unexpected-point', { at: { x: xs[0]! }, key: tag, expected: 'nothing', message });
  }
  return { kind: 'tensorboard', path, axis, checked: { points, files: heads.length } };
}

/** Checks event files by themselves, where nothing else is known of their run. */
export async function checkFilesAlone(heads: readonly EventFileHead[], findings: Findings): Promise<CheckedSource[]> {
  const sources: CheckedSource[] = [];
  for (const { path } of heads) {
    const file = await loadEventFile(path, findings.reporter(path));
    if (file !== undefined) sources.push({ kind: 'tensorboard', path, checked: { points: file.points, files: 1 } });
  }
  return sources;
}
