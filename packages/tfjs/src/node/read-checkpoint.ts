import { readFileSync } from 'node:fs';
import type { CheckpointContent } from '../checkpoint/checkpoint-content.js';
import { named } from '../checkpoint/checkpoint-error.js';
import { decodeCheckpoint } from '../checkpoint/checkpoint-format.js';

/**
 * Reads a checkpoint's file. Throws a `CheckpointError` (`not-a-checkpoint`, `unknown-schema`, `damaged`) that names it, or
 * the file system's error.
 */
export function readCheckpoint(path: string): CheckpointContent {
  const bytes = readFileSync(path);
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    throw named(path, error);
  }
}
