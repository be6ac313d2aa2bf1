import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll } from 'vitest';

/** How a run read from the queueing backend. */
export interface QueueReads {
  /** Reads that would have stalled the device's queue. */
  synchronous: number;
  /** Times that somebody began to wait for the queue; what is read together waits once. */
  waits: number;
}

/**
 * Declares a backend, 'queueing', whose reads answer later, as a graphics card's do; it computes as cpu does. Its counters
 * are the caller's to reset.
 */
export function useQueueingBackend(): QueueReads {
  const reads: QueueReads = { synchronous: 0, waits: 0 };
  let pending = 0;
  const CpuBackend = tf.findBackend('cpu').constructor as new () => tf.KernelBackend;
  class QueueingBackend extends CpuBackend {
    override async read(dataId: object): Promise<Float32Array> {
      if (pending === 0) reads.waits += 1;
      pending += 1;
      // A queue answers with the values of when it was asked.
      const values = Float32Array.from(super.readSync(dataId) as Float32Array);
      await new Promise((resolve) => setImmediate(resolve));
      pending -= 1;
      return values;
    }
    override readSync(dataId: object): Float32Array {
      reads.synchronous += 1;
      return super.readSync(dataId) as Float32Array;
    }
  }
  beforeAll(() => {
    tf.registerBackend('queueing', () => new QueueingBackend());
    tf.copyRegisteredKernels('cpu', 'queueing');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('queueing');
  });
  return reads;
}
