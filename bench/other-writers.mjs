import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnvironment, pythonProgram } from '../scripts/bootstrap/python-environments.mjs';
import { runChild } from '../scripts/bootstrap/run-child.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const MODULE = pathOf('../.cache/tfjs-node/node_modules/@tensorflow/tfjs-node');
const ADDON = `${MODULE}/lib/napi-v8/tfjs_binding.node`;

/**
 * tfjs-node's native writer, built where it isn't yet: `{ run }`, or `skipped`, why there is none. `run(kind, count, folder)`
 * writes below `folder`/measured and returns values a second.
 */
export async function findTfjsNode() {
  const build = () => runChild('bash', [pathOf('../scripts/build-tfjs-node.sh')], { quiet: true }).catch(() => 1);
  const built = existsSync(ADDON) || (await build()) === 0;
  if (!built) return { skipped: 'skipped: scripts/build-tfjs-node.sh could not build it' };
  return {
    run: (kind, count, folder) => rate(process.execPath, [pathOf('tfjs-node-writer.cjs'), MODULE, kind], count, folder),
  };
}

/**
 * Python with tensorboard and tensorboardX: `{ run }`, or `skipped`, why there is none. `run(what, count, folder)` writes
 * into `folder`, or reads what is there, and returns scalars a second.
 */
export async function findPythonWriters() {
  if ((await ensurePythonEnvironment(pathOf('requirements/tensorboard-writers.txt'))) !== 0) {
    return {
      skipped: 'skipped: the Python environment of bench/requirements/tensorboard-writers.txt could not be made',
    };
  }
  const python = pythonProgram('tensorboard-writers', 'python');
  return { run: (what, count, folder) => rate(python, [pathOf('python-tensorboard.py'), what], count, folder) };
}

function rate(program, args, count, folder) {
  const { stdout, stderr, status } = spawnSync(program, [...args, String(count), folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stderr}`);
  return count / JSON.parse(stdout).seconds;
}
