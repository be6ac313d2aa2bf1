import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

export const backendNames = ['wasm', 'cpu', 'node'] as const;

/** What computes: WebAssembly, plain JavaScript, or TensorFlow's C library through @tensorflow/tfjs-node. */
export type BackendName = (typeof backendNames)[number];

const require = createRequire(import.meta.url);

/** Makes TensorFlow.js compute on the backend. Rejects with an `Error` that says what is missing. */
export async function useBackend(name: BackendName): Promise<void> {
  tf.enableProdMode();
  if (name === 'wasm') setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (name === 'node') loadNodeBackend();
  if (!(await tf.setBackend(name === 'node' ? 'tensorflow' : name))) {
    throw new Error(`--backend ${name}: TensorFlow.js could not start it`);
  }
}

function loadNodeBackend(): void {
  const packageName = '@tensorflow/tfjs-node';
  try {
    require.resolve(packageName);
  } catch (cause) {
    throw new Error(
      `--backend node: the npm package ${packageName} is not installed. Its install downloads TensorFlow's C library: ` +
        `npm install --no-save ${packageName}`,
      { cause },
    );
  }
  try {
    require(packageName);
  } catch (cause) {
    throw new Error(`--backend node: ${packageName} is installed but does not load: ${(cause as Error).message}`, {
      cause,
    });
  }
}
