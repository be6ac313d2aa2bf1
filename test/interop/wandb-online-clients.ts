import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { KEY } from '../../packages/logger-wandb/test/upload-server.js';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { otherPng, png } from './pictures.js';
import { run } from './programs.js';

export type Client = 'python' | 'ours';

/** Logs to a server with the Python client and with ours. */
export interface Clients {
  /** Runs a client's script, which logs to a project; resolves with what it printed. */
  log(client: Client, project: string, options: LogOptions): Promise<string>;
  /** The folders of a project's runs on the disk. */
  folders(project: string): string[];
  /** Uploads folders with the official `wandb sync`, to the project that they name where none is given. */
  wandbSync(folders: readonly string[], project?: string): Promise<void>;
}

export interface LogOptions {
  readonly mode: 'online' | 'offline';
  readonly exitCode: number;
  /** Arguments of the script behind its folder and project. */
  readonly args?: readonly string[];
}

const SCRIPTS: Readonly<Record<Client, readonly [program: string, script: string]>> = {
  python: [pythonProgram('wandb-0.31', 'python'), 'log_experiment.py'],
  ours: [process.execPath, 'log-experiment.mjs'],
};
const INPUTS = { 'a.png': png, 'b.png': otherPng, 'model.bin': 'model bytes', 'sub/x.txt': 'x text', 'notes.txt': '' };

/** Each project has a folder of its own in `home`. */
export function clientsOf(url: string, home: string): Clients {
  const env = { WANDB_ERROR_REPORTING: 'false', WANDB_BASE_URL: url, WANDB_API_KEY: KEY };
  return {
    async log(client, project, { mode, exitCode, args = [] }) {
      const folder = join(home, project);
      for (const [path, content] of Object.entries(INPUTS)) {
        mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
        writeFileSync(join(folder, 'in', path), content);
      }
      const [program, script] = SCRIPTS[client];
      const ended = await run(program, [join(import.meta.dirname, script), folder, project, ...args], {
        cwd: folder,
        env: { ...env, WANDB_MODE: mode },
      });
      expect(ended.exitCode, ended.stdout + ended.stderr).toBe(exitCode);
      return ended.stdout + ended.stderr;
    },
    folders(project) {
      const parent = join(home, project, 'wandb');
      const names = readdirSync(parent).filter((name) => /^(offline-)?run-/.test(name));
      return names.map((name) => join(parent, name));
    },
    async wandbSync(folders, project) {
      const args = ['sync', ...(project === undefined ? [] : ['--project', project]), ...folders];
      const { exitCode, stdout, stderr } = await run(pythonProgram('wandb-0.31', 'wandb'), args, { cwd: home, env });
      expect(exitCode, stdout + stderr).toBe(0);
    },
  };
}
