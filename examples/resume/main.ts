// Shows that a run which is killed, in the middle of a window too, goes on as if nothing had happened: one training is left
// alone, another gets SIGKILL twice and is started again. The table at the end compares weights and logs of the two.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWandbRun } from '@microbatch/logger-wandb';
import { readScalars } from 'tensorboard-writer';
import { exampleOptions } from '../shared/example-options.js';
import { printTable } from '../shared/print-table.js';
import { makeRunFolder, nameRunFolder } from '../shared/run-folder.js';
import type { TrainingMessage } from './training.js';

const { backend, out, short } = exampleOptions(
  'resume',
  'Kills a training twice, goes on, and compares it with one left alone.',
);
const samples = short ? 1600 : 12_800;
// Windows hold 4 micro-batches: both are in the middle of one.
const killedAt = short ? [14, 39] : [101, 283];

const alone = await trainInFolder('left-alone', []);
const killed = await trainInFolder('killed-twice', killedAt);
const rows = [alone, killed];

console.log();
printTable({ run: 0, 'W&B rows': 0, 'TensorBoard steps': 0, 'last train/loss': 7, 'SHA-256 of the weights': 0 }, rows);
const equal = Object.keys(alone).every((column) => column === 'run' || Object.is(alone[column], killed[column]));
console.log(equal ? 'The two are the same, bit for bit.' : 'They differ.');
process.exitCode = equal ? 0 : 1;

/** Trains in a process that is killed after each of these micro-batches and started again; reads back what was logged. */
async function trainInFolder(name: string, kills: readonly number[]): Promise<Record<string, unknown>> {
  const { folder } = nameRunFolder(out, name);
  makeRunFolder(out, folder);
  for (const microStep of kills) {
    await trainUntil(folder, microStep);
    console.log(`${name}: SIGKILL after micro-batch ${microStep}`);
  }
  const weights = await trainUntil(folder, Number.POSITIVE_INFINITY);
  console.log(`${name}: finished; its logs are in ${folder}`);
  const runs = readdirSync(join(folder, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
  const history = runs.flatMap((run) => readWandbRun(join(folder, 'wandb', run)).history);
  // TensorBoard hides what the killed processes wrote behind the checkpoint that the next one went on from.
  const { series } = await readScalars(folder);
  return {
    run: name,
    'W&B rows': history.length,
    'TensorBoard steps': new Set(series.get('train/micro_loss')!.steps).size,
    'last train/loss': series.get('train/loss')!.values.at(-1),
    'SHA-256 of the weights': weights?.slice(0, 16),
  };
}

/** Resolves with the hash of the weights, or with nothing where the process was killed. */
function trainUntil(folder: string, lastMicroStep: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL('./training.js', import.meta.url));
    const child = fork(program, [folder, backend, String(samples)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let weights: string | undefined;
    child.on('message', (message: TrainingMessage) => {
      weights = message.weights;
      if (message.microStep === lastMicroStep) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(weights);
      else reject(new Error(`the training ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
