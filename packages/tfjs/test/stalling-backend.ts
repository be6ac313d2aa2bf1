import * as tf from '@tensorflow/tfjs';
import './backends.js';

/** The cpu backend's class, which tfjs does not export. */
type CpuBackend = tf.KernelBackend & {
  readSync(dataId: object): tf.backend_util.BackendValues;
  bufferSync(tensor: tf.TensorInfo): unknown;
};

export interface StallingBackendHooks {
  /** Called when `data()` was asked of it. */
  readonly onRead?: () => void;
  /** Called before each of its kernels runs. */
  readonly onKernel?: (name: string) => void;
}

/**
 * Registers a backend that computes as cpu does and reads as a GPU does: `dataSync()` throws, and `data()` answers in a
 * later task. Its name is one that the package does not know.
 */
export function registerStallingBackend({ onRead, onKernel }: StallingBackendHooks = {}): void {
  const Cpu = tf.findBackend('cpu').constructor as new () => CpuBackend;

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
      onRead?.();
      await new Promise((resolve) => setImmediate(resolve));
      return super.readSync(dataId);
    }
  }

  tf.registerBackend('stalling', () => new Stalling());
  for (const { kernelName, kernelFunc, ...kernel } of tf.getKernelsForBackend('cpu')) {
    const noted: tf.KernelFunc = (call) => {
      onKernel?.(kernelName);
      return kernelFunc(call);
    };
    tf.registerKernel({ ...kernel, kernelName, kernelFunc: noted, backendName: 'stalling' });
  }
}
