import * as tf from '@tensorflow/tfjs';
import type { Diagnostic } from '../diagnostic.js';
import type { CheckpointContent } from './checkpoint-content.js';
import { CheckpointError, named } from './checkpoint-error.js';
import { decodeCheckpoint } from './checkpoint-format.js';
import type { CheckpointOptions } from './checkpoint-options.js';

/** A checkpoint to go on from. */
export interface FoundCheckpoint {
  readonly name: string;
  readonly content: CheckpointContent;
}

/**
 * The newest whole checkpoint of a store; nothing where training is to begin anew. Damaged ones are passed over for an
 * older one, and told of. Throws a `CheckpointError`: `no-checkpoint` where `resume` is `'must'`; `damaged` where every one
 * is; `unknown-schema`.
 */
export function findCheckpoint({ store, resume = 'auto' }: CheckpointOptions): {
  readonly found: FoundCheckpoint | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  if (resume === 'never') return { found: undefined, diagnostics: [] };
  const damaged: CheckpointError[] = [];
  for (const stored of store.list()) {
    const read = readStored(stored.name, () => stored.read());
    if (read instanceof CheckpointError) {
      damaged.push(read);
      continue;
    }
    const found = { name: stored.name, content: read };
    return { found, diagnostics: [...damaged.map(passedOver), ...about(found)] };
  }
  if (damaged.length > 0) {
    const [{ code, message }] = damaged as [CheckpointError];
    const rest = damaged.length === 1 ? '' : ` (and ${damaged.length - 1} more that can't be read)`;
    const advice = "begin anew with checkpoints.resume 'never', or with another store";
    throw new CheckpointError(code, `${message}${rest}, and there is no other: ${advice}`, { cause: damaged[0] });
  }
  if (resume !== 'must') return { found: undefined, diagnostics: [] };
  throw new CheckpointError('no-checkpoint', "checkpoints.resume is 'must', but checkpoints.store holds no checkpoint");
}

function readStored(name: string, read: () => Uint8Array): CheckpointContent | CheckpointError {
  let bytes: Uint8Array;
  try {
    bytes = read();
  } catch (cause) {
    return new CheckpointError('damaged', `checkpoint ${name}: it can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    const told = named(name, error) as CheckpointError;
    // What a later version wrote is no damage: an older checkpoint would lose what that one trained.
    if (told.code === 'damaged' || told.code === 'not-a-checkpoint') return told;
    throw told;
  }
}

function passedOver({ message }: CheckpointError): Diagnostic {
  return { level: 'warn', code: 'checkpoint-damaged', message: `${message}; an older one takes its place` };
}

function about({ name, content: { data } }: FoundCheckpoint): Diagnostic[] {
  const { runId, microStep, step, finished, backend, tfjs } = data;
  const diagnostics: Diagnostic[] = [];
  if (finished) {
    const message = `checkpoint ${name}: the run ${runId} was finished after ${microStep} micro-batches, nothing is left to train: use another store, or checkpoints.resume 'never', to train anew`;
    diagnostics.push({ level: 'warn', code: 'checkpoint-finished', message });
  } else {
    const message = `the run ${runId} goes on from checkpoint ${name}, behind micro-batch ${microStep} and optimizer step ${step}`;
    diagnostics.push({ level: 'info', code: 'checkpoint-resumed', message });
  }
  const before = { backend, 'tfjs-core': tfjs };
  const now = { backend: tf.getBackend(), 'tfjs-core': tf.version_core };
  for (const key of ['backend', 'tfjs-core'] as const) {
    if (before[key] === now[key]) continue;
    const message = `checkpoint ${name} is of ${key} ${before[key]}, and this is ${now[key]}: what is trained from here on may differ in its last bits from a run that was never stopped`;
    diagnostics.push({ level: 'warn', code: `checkpoint-other-${key}`, message });
  }
  return diagnostics;
}
