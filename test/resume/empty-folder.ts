import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that goes when the test is over, or, with `afterAll`, its file's tests. */
export function emptyFolder(whenOver: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'resume-'));
  whenOver(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
