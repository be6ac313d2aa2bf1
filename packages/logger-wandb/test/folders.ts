import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that goes when the test is over. */
export function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'logger-wandb-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The run folders below a `dir`, by name. */
export function runFolders(dir: string): string[] {
  const parent = join(dir, 'wandb');
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => /^(offline-)?run-/.test(name));
  return names.sort().map((name) => join(parent, name));
}

/** The transaction log in a run folder. */
export function logPath(folder: string): string {
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.wandb'))!);
}
