import type { CheckpointContent } from '@microbatch/tfjs/checkpoints';
import { decodeCheckpoint } from '../../src/checkpoint/checkpoint-format.js';
import type { CheckpointStore } from '../../src/index.js';

/** Keeps every checkpoint in memory. */
export interface MemoryStore extends CheckpointStore {
  /** The oldest first. */
  readonly kept: Uint8Array[];
}

export function memoryStore(kept: Uint8Array[] = []): MemoryStore {
  return {
    kept,
    list: () => kept.map((bytes, index) => ({ name: `#${index}`, read: () => bytes })).reverse(),
    async write(parts) {
      kept.push(new Uint8Array(Buffer.concat(parts)));
    },
  };
}

export function latest({ kept }: MemoryStore): CheckpointContent {
  return decodeCheckpoint(kept.at(-1)!);
}

/** The bytes of all tensors, by part and name, but for names that count the process's variables. */
export function bitsOf({ tensors }: CheckpointContent): string[] {
  return tensors.map(
    ({ part, dtype, shape, bytes }) => `${part} ${dtype} [${shape}] ${Buffer.from(bytes).toString('base64')}`,
  );
}
