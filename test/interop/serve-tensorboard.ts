import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { type Server, serve } from './programs.js';

/** Starts TensorBoard on a folder, on any free port of the loopback address. */
export function serveTensorboard(logDir: string, ...options: readonly string[]): Promise<Server> {
  const args = [`--logdir=${logDir}`, ...options, '--host=127.0.0.1', '--port=0'];
  return serve(pythonProgram('tensorboard', 'tensorboard'), args, { cwd: logDir });
}
