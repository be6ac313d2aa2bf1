import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './root.mjs';
import { runChild } from './run-child.mjs';

const MINIMUM = [3, 10];
const REQUIREMENTS = 'test/interop/requirements';
const ENVIRONMENTS = join(root, '.cache/python');

/** A program that an environment holds, as its path. */
export function pythonProgram(environment, program) {
  return join(ENVIRONMENTS, environment, 'bin', program);
}

/** Makes the Python environments of `npm run test:interop`, unless they are there already. Resolves with an exit code. */
export async function ensurePythonEnvironments() {
  for (const file of readdirSync(join(root, REQUIREMENTS))) {
    const exitCode = await ensurePythonEnvironment(join(root, REQUIREMENTS, file));
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

/** Makes the Python environment that a file of requirements names, unless it is there already. Resolves with an exit code. */
export async function ensurePythonEnvironment(requirements) {
  const python = process.env.PYTHON || 'python3';
  const version = pythonVersion(python);
  return version === null ? 1 : ensureEnvironment(requirements, python, version);
}

/** As '3.11.2 (/usr/bin/python3)'; null, and a complaint, where Python is missing, too old or without venv. */
function pythonVersion(python) {
  const script = 'import sys, venv, ensurepip; print(f"{sys.version.split()[0]} ({sys.executable})")';
  const { stdout, stderr, error } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  const found = stdout?.trim();
  const [major, minor] = (found || '0.0').split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return found;
  const reason = found ? `it is Python ${found}` : (error?.message ?? stderr.trim().split('\n').at(-1));
  console.error(
    `Python ${MINIMUM.join('.')} or newer with venv is needed, as '${python}' (${reason}):\n` +
      '  apt-get install python3-venv, or set PYTHON to the path of another Python',
  );
  return null;
}

async function ensureEnvironment(requirements, python, version) {
  const name = basename(requirements, '.txt');
  const folder = join(ENVIRONMENTS, name);
  const note = join(folder, 'made-from.txt');
  // The folder too: an environment does not survive being moved.
  const wanted = `Python ${version}\n${folder}\n${readFileSync(requirements, 'utf8')}`;
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted) return 0;
  console.log(`Making the Python environment ${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(ENVIRONMENTS, { recursive: true });
  const quiet = { quiet: true };
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-r', requirements];
  const exitCode =
    (await runChild(python, ['-m', 'venv', folder], quiet)) ||
    (await runChild(pythonProgram(name, 'python'), pip, quiet));
  // Last: an environment that was interrupted in the making is made anew.
  if (exitCode === 0) writeFileSync(note, wanted);
  else console.error(`The Python environment ${name} cannot be made (exit code ${exitCode}): it needs PyPI`);
  return exitCode;
}
