import * as tf from '@tensorflow/tfjs';
import './backends.js';

/** The cpu backend's class, which tfjs does not export. */
type CpuBackend = tf.KernelBackend & {
  readSync(dataId: object): tf.backend_util.BackendValues;
  bufferSync(tensor: tf.TensorInfo): unknown;
};

export interface StallingBackend {
  /** How often `data()` was asked of it so far. */
  readonly reads: () => number;
}

/**
 * Registers a backend that computes as cpu does and reads as a GPU does: `dataSync()` throws, and `data()` answers in a
 * later task. It is its own name, so that nothing here knows it.
 */
export function registerStallingBackend(): StallingBackend {
  const Cpu = tf.findBackend('cpu').constructor as new () => CpuBackend;
  let reads = 0;

  class Stalling extends Cpu {
    #kernelReads = false;
    override readSync(dataId: object): tf.backend_util.BackendValues {
      if (!this.#kernelReads) throw new Error('dataSync() would stall the device');
      return super.readSync(dataId);
    }
    /** Kernels of the device itself look at its memory. */
    override bufferSync(tensor: tf.TensorInfo): unknown {
      this.#kernelReads = true;
      try {
        return super.bufferSync(tensor);
      } finally {
        this.#kernelReads = false;
      }
    }
    override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
      reads += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return super.readSync(dataId);
    }
  }

  tf.registerBackend('stalling', () => new Stalling());
  for (const kernel of tf.getKernelsForBackend('cpu')) tf.registerKernel({ ...kernel, backendName: 'stalling' });
  return { reads: () => reads };
}
