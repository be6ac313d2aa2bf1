import * as tf from '@tensorflow/tfjs';
import './backends.js';

/** The cpu backend's class, which tfjs does not export. */
type CpuBackend = tf.KernelBackend & {
  readSync(dataId: object): tf.backend_util.BackendValues;
  bufferSync(tensor: tf.TensorInfo): unknown;
};

export interface DeviceHooks {
  /** `dataSync()` was asked of it. What it throws, `dataSync()` throws. */
  readonly onSyncRead?: () => void;
  /** `data()` was asked of it; `isWaiting` says whether somebody waits for an answer already. */
  readonly onRead?: (isWaiting: boolean) => void;
  /** Called before each of its kernels runs. */
  readonly onKernel?: (name: string) => void;
}

/** Registers a backend that computes as cpu does and reads as a graphics card does: `data()` answers in a later task. */
export function registerDevice(name: string, { onSyncRead, onRead, onKernel }: DeviceHooks): void {
  const Cpu = tf.findBackend('cpu').constructor as new () => CpuBackend;

  class Device extends Cpu {
    #kernelReads = false;
    #waiting = 0;
    override readSync(dataId: object): tf.backend_util.BackendValues {
      if (!this.#kernelReads) onSyncRead?.();
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
      onRead?.(this.#waiting > 0);
      this.#waiting += 1;
      // A queue answers with the values of when it was asked.
      const values = super.readSync(dataId).slice() as tf.backend_util.BackendValues;
      await new Promise((resolve) => setImmediate(resolve));
      this.#waiting -= 1;
      return values;
    }
  }

  tf.registerBackend(name, () => new Device());
  for (const { kernelName, kernelFunc, ...kernel } of tf.getKernelsForBackend('cpu')) {
    const noted: tf.KernelFunc = (call) => {
      onKernel?.(kernelName);
      return kernelFunc(call);
    };
    tf.registerKernel({ ...kernel, kernelName, kernelFunc: noted, backendName: name });
  }
}
