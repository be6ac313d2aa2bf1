import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { run } from './programs.js';

test('the stand-in for W&B passes its own tests', async () => {
  const cwd = join(import.meta.dirname, 'fake-wandb-server');
  const env = { PYTHONDONTWRITEBYTECODE: '1' };
  const { exitCode, stderr } = await run(pythonProgram('wandb-0.31', 'python'), ['test_fake_wandb_server.py'], {
    cwd,
    env,
  });
  expect(stderr).toMatch(/^OK$/m);
  expect(exitCode).toBe(0);
});
