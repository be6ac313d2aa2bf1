// What shows runs on a page, started for a measurement: our `microbatch view`, and TensorBoard.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnvironment, pythonProgram } from '../scripts/bootstrap/python-environments.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Starts a server, and resolves when it has printed its address: that, when it was started, its memory in MiB at most, and its end. */
async function start(command, args, cwd) {
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: cwd } });
  const ended = once(child, 'close');
  let printed = '';
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece) => {
        printed += piece;
        const [, address] = /(http:\/\/127\.0\.0\.1:\d+[\w/-]*)["\s]/.exec(printed) ?? [];
        if (address !== undefined) resolve(address);
      });
    }
    ended.then(() => reject(new Error(`${command} ended before it served:\n${printed}`)), reject);
  });
  return {
    url,
    startedAt,
    printedAt: performance.now(),
    memory: () => familyOf(child.pid).reduce((sum, pid) => sum + peakOf(pid), 0),
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

export function startView(dir) {
  return start(process.execPath, [pathOf('../packages/inspector/bin/microbatch.js'), 'view', '--no-open'], dir);
}

/** TensorBoard with its own fast loader, or `skipped`, why there is none. */
export async function findTensorboard() {
  if ((await ensurePythonEnvironment(pathOf('../test/interop/requirements/tensorboard.txt'))) !== 0) {
    return {
      skipped: 'skipped: the Python environment of test/interop/requirements/tensorboard.txt could not be made',
    };
  }
  const program = pythonProgram('tensorboard', 'tensorboard');
  return { start: (dir) => start(program, [`--logdir=${dir}`, '--host=127.0.0.1', '--port=0'], dir) };
}

/** A process and those that it started. */
function familyOf(pid) {
  const family = [pid];
  for (const parent of family) {
    for (const task of readdirSync(`/proc/${parent}/task`)) {
      const children = readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8');
      family.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return family;
}

function peakOf(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
