import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';

export const offlineWandb = (dir) => wandb({ dir, mode: 'offline', quiet: true });

export const allLoggers = (dir) => [
  tensorboard({ logDir: join(dir, 'tensorboard') }),
  offlineWandb(dir),
  journal({ dir }),
];

/** Gives `work` a new folder, which is gone afterwards. */
export async function inNewFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-microbatch-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
