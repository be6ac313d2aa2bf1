import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { BackendName } from './backend-names.js';
import { loadTfjsNode } from './tfjs-node.js';

const require = createRequire(import.meta.url);

/** Makes TensorFlow.js compute on the backend. Rejects with an `Error` that says what is missing. */
export async function useBackend(name: BackendName): Promise<void> {
  tf.enableProdMode();
  if (name === 'wasm') setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (name === 'node') loadNative();
  const restoreListeners = rememberListeners('uncaughtException', 'unhandledRejection');
  if (!(await tf.setBackend(name === 'node' ? 'tensorflow' : name))) {
    throw new Error(`--backend ${name}: TensorFlow.js could not start it`);
  }
  restoreListeners();
}

// The wasm backend's loader listens for uncaught errors only to throw them again, and Node then ends the process with
// code 7 and a line of the loader's source, which says nothing to who reads it.
function rememberListeners(...events: readonly string[]): () => void {
  const before = events.map((event) => process.listeners(event as 'exit'));
  return () => {
    for (const [index, event] of events.entries()) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before[index]!.includes(listener)) process.off(event, listener);
      }
    }
  };
}

function loadNative(): void {
  try {
    loadTfjsNode();
  } catch (cause) {
    throw new Error(`--backend node: ${(cause as Error).message}`, { cause });
  }
}
