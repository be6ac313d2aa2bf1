import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll } from 'vitest';
import { registerDevice } from './device-backend.js';

/** How a run read from the queueing backend. */
export interface QueueReads {
  /** Reads that would have stalled the device's queue. */
  synchronous: number;
  /** Times that somebody began to wait for the queue; what is read together waits once. */
  waits: number;
}

/** Declares a device, 'queueing', that counts how it is read; its counters are the caller's to reset. */
export function useQueueingBackend(): QueueReads {
  const reads: QueueReads = { synchronous: 0, waits: 0 };
  beforeAll(() => {
    registerDevice('queueing', {
      onSyncRead: () => {
        reads.synchronous += 1;
      },
      onRead: (isWaiting) => {
        if (!isWaiting) reads.waits += 1;
      },
    });
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('queueing');
  });
  return reads;
}
