import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadTfjsNode } from '@microbatch/examples/tfjs-node';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe } from 'vitest';

/** `npm run test:native` sets it: tests then run on TensorFlow's C library, and nothing skips them where it is missing. */
const native = process.env.MICROBATCH_NATIVE_TESTS === '1';
const backends = native ? ['tensorflow'] : ['cpu', 'wasm'];

tf.enableProdMode();
setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
if (native) loadTfjsNode();

// Until a test says otherwise; tensors move between backends by themselves.
await use(backends[0]!);

/** Declares the same tests for each backend: cpu and wasm, or TensorFlow's C library. */
export function onEachBackend(declare: (backend: string) => void): void {
  describe.each(backends)('on %s', (backend) => {
    beforeAll(() => use(backend));
    declare(backend);
  });
}

async function use(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} cannot be used`);
}
