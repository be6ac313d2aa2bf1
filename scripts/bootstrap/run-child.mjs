import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './root.mjs';

/**
 * Runs a program on this terminal, by default in the repository's top folder, and resolves with its exit code, 128 + n
 * where signal n ended it. With `quiet`, its output is kept and shown only if it fails.
 */
export async function runChild(command, args, { quiet = false, cwd = root, env, shell = false } = {}) {
  const child = spawn(command, args, { cwd, env, shell, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => kept.push(chunk));

  // A terminal sends Ctrl-C to every process on it, so the child has it already.
  const onInterrupt = () => process.stdin.isTTY || child.kill('SIGINT');
  const onTerminate = (signal) => child.kill(signal);
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate).on('SIGHUP', onTerminate);
  try {
    const exitCode = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
    if (exitCode !== 0) for (const chunk of kept) process.stderr.write(chunk);
    return exitCode;
  } finally {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate).off('SIGHUP', onTerminate);
  }
}

/** Runs a JavaScript file with this Node. */
export function runNode(args, options) {
  return runChild(process.execPath, args, options);
}

/** Runs npm: the one that started this process where there is one. */
export function runNpm(args, options) {
  const npmScript = process.env.npm_execpath ?? '';
  if (/npm-cli\.c?js$/.test(npmScript)) return runNode([npmScript, ...args], options);
  return runChild('npm', args, { ...options, shell: process.platform === 'win32' });
}
