import * as tf from '@tensorflow/tfjs';

/** Follows how many bytes TensorFlow.js's tensors take beyond those that are there now; `stop` returns the peak. */
export function watchMemory(): { stop(): number } {
  const engine = tf.engine() as unknown as { runKernel: (...args: unknown[]) => unknown };
  const { runKernel } = engine;
  const before = tf.memory().numBytes;
  let peak = before;
  // Between two kernels nothing is made: after each is where a peak can stand.
  engine.runKernel = function (...args) {
    const result = runKernel.apply(this, args);
    peak = Math.max(peak, tf.memory().numBytes);
    return result;
  };
  return {
    stop() {
      engine.runKernel = runKernel;
      return peak - before;
    },
  };
}
