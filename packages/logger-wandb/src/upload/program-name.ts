import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_FILE } from '../machine/metadata.js';

/** The program that a run's metadata file names; the log itself has no place for it. */
export async function programName(filesDir: string): Promise<string | undefined> {
  try {
    const { program } = JSON.parse(await readFile(join(filesDir, METADATA_FILE), 'utf8')) as {
      program?: unknown;
    };
    return typeof program === 'string' && program !== '' ? program : undefined;
  } catch {
    // Runs without that file, or with half of it, are runs without a program.
    return undefined;
  }
}
