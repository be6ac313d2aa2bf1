// Logs an experiment with our own client, as log_experiment.py logs it with W&B's:
// node log-experiment.mjs FOLDER PROJECT [begin|resume ID]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRun } from '@microbatch/logger-wandb';

const [folder, project, way, relayId] = process.argv.slice(2);
const inputs = join(folder, 'in');

function begin(id, options = {}) {
  const settings = { captureConsole: true, systemMetrics: false, saveGit: false };
  return startRun({ project, entity: 'team', id, dir: folder, ...settings, ...options });
}

function image(name, fields) {
  return { kind: 'image', png: readFileSync(join(inputs, name)), width: 1, height: 1, ...fields };
}

async function logExperiment() {
  const run = await begin('twin', {
    name: 'größer – 実行 😀',
    notes: 'größer\nals',
    group: 'g',
    jobType: 'train',
    tags: ['eins', 'ünï', '標識'],
    config: {
      lr: 0.1,
      optimizer: { name: 'adam', betas: [0.9, 0.999], deep: { er: null } },
      nan: Number.NaN,
      inf: Number.POSITIVE_INFINITY,
      in: { list: [1, Number.NaN, { x: Number.NaN }] },
      big: 2n ** 53n + 1n,
      flag: true,
      none: null,
      text: 'größer\n"als"',
      'a.b/c': 1,
      empty: {},
      whole: 2,
      changed: 1,
    },
  });
  run.config.update({ later: { x: 1 }, optimizer: { name: 'sgd' } }, { allowValueChange: true });
  run.config.update({ changed: 2 }, { allowValueChange: true });

  run.defineMetric('epoch');
  run.defineMetric('valid/*', { stepMetric: 'epoch' });
  run.defineMetric('loss', { summary: ['min', 'max', 'mean', 'first', 'last'] });
  run.defineMetric('acc', { summary: 'max', goal: 'maximize' });
  run.defineMetric('hidden', { hidden: true });
  run.defineMetric('quiet', { summary: 'none' });
  run.defineMetric('set', { summary: 'none' });
  run.defineMetric('lag', { stepMetric: 'clock', stepSync: false });
  run.defineMetric('synced', { stepMetric: 'clock.tick', stepSync: true });
  run.defineMetric('nest.x', { summary: 'max' });
  run.defineMetric('train/*', { summary: 'min' });
  run.defineMetric('copied', { summary: 'copy' });
  run.defineMetric('explicit', { summary: 'min' });
  run.defineMetric('replaced', { summary: 'min', hidden: true });
  run.defineMetric('replaced', { summary: 'max', overwrite: true });
  run.defineMetric('grown', { summary: 'min' });
  run.defineMetric('grown', { summary: 'last', hidden: true });
  run.defineMetric('regained', { summary: 'none' });
  run.defineMetric('regained', { summary: 'mean' });

  process.stdout.write('said: on stdout\n');
  process.stderr.write('said: größer 実行\n');
  process.stdout.write('said: 10%\rsaid: 100%\n');
  process.stdout.write('said: in two ');
  process.stdout.write('pieces\n\n');
  process.stdout.write('said: after an empty line\n');

  run.log({ loss: 1.5, acc: 0.25, late: 9, text: 'größer\n"als" \u2028', epoch: 0 });
  run.log({ loss: 2.5, part: 1 }, { commit: false });
  run.log({ acc: 0.75, late: 3 });
  const infinite = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
  run.log({ nan: Number.NaN, ...infinite, 'minus zero': -0, none: null, gone: 7 });
  run.log({ bool: true, other: false, whole: 2, tiny: 5e-324, large: 1e22, third: 1 / 3, gone: null });
  const bounds = { int63: 2n ** 63n - 1n, '-int63': -(2n ** 63n), int64: 2n ** 64n, int100: 10n ** 100n };
  run.log({ int: 2n ** 53n + 1n, ...bounds });
  const list = [1, [2, null], { a: Number.NaN }];
  run.log({ nest: { x: 1, y: { z: 'deep', n: Number.NaN } }, empty: {}, list });
  run.log({ nest: { x: 3, y: { w: 2 } }, 'a.b': 1, 'a/b': 2, '': 3, 'ünï 標識': 4 });
  run.log({ date: new Date('2026-01-02T03:04:05Z') });
  run.log({ set: 1, quiet: 2, copied: 3, explicit: 4, replaced: 5, grown: 6, regained: 7 });
  run.log({ set: 2, quiet: 1, copied: 2, explicit: 5, replaced: 4, grown: 7, regained: 8 });
  run.log({ clock: { tick: 4 }, lag: 1 });
  run.log({ synced: 1, lag: 2, 'valid/loss': 0.5 });
  run.log({ epoch: 1, 'valid/loss': 0.25, 'train/a': 3, 'train/b': { c: 4 } });
  run.log({ 'train/a': 4, hidden: 1, 'valid/acc': 1 });

  run.log({ step: 20 }, { step: 20 });
  run.log({ merged: 1 }, { step: 20 });
  run.log({ merged: 2, joined: 3 }, { commit: false });
  run.log({ refused: 1 }, { step: 19 });
  run.log({ closed: 1 }, { step: 25, commit: true });
  run.log({ after: 1 });
  run.log({});
  run.log({ open: 1 }, { step: 30, commit: false });
  run.log({ open: 2 });
  run.defineMetric('late', { summary: 'min' });
  run.log({ late: 5, loss: Number.NaN });
  run.summary.update({ set: 70 });
  run.summary.update({ explicit: 80, 'by hand': { a: { b: 1 }, c: [1, 2] }, text: 'new' });
  run.log({ explicit: 6, mixed: 1 });
  run.log({ mixed: 'text' });
  run.log({ mixed: 3 });

  run.log({ img: image('a.png', { caption: 'größe' }), imgs: [image('a.png'), image('b.png')] });
  const values = Float64Array.from({ length: 1000 }, (_, i) => 0.1 * i * i - 7);
  const rows = [
    [1, 'x', null],
    [Number.NaN, 'ß', true],
    [0.1, null, false],
  ];
  run.log({ hist: { kind: 'histogram', values }, table: { kind: 'table', columns: ['a', 'b', 'ü'], rows } });
  run.save(join(inputs, 'model.bin'), { base: inputs, policy: 'now' });
  run.save(join(inputs, 'sub/*'), { base: inputs, policy: 'end' });
  run.save(join(inputs, 'notes.txt'), { base: inputs });
  run.log({ 'open at the end': 1 }, { step: 100 });
  await run.finish();
}

if (way === undefined) {
  await logExperiment();
  const run = await begin('failed');
  run.log({ loss: 1 });
  throw new Error('on purpose');
}

const config = way === 'begin' ? { first: 1, both: 1 } : { second: 2, both: 2 };
const words = { tags: ['old'], notes: 'first notes', name: 'relay' };
const run = await begin(relayId, { config, ...(way === 'begin' ? words : { resume: 'must' }) });
for (let step = 0; step < 3; step++) {
  if (way === 'begin') run.log({ loss: step, first: step });
  else run.log({ loss: 10 + step, second: step });
  process.stdout.write(`said: ${way === 'begin' ? 'first' : 'second'} ${step}\n`);
}
if (way === 'begin') run.summary.update({ 'by hand': 1 });
await run.finish();
