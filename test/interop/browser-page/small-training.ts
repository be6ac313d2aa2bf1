import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';

/** What a training gave, in a page as in Node. */
export interface SmallTraining {
  readonly backend: string;
  readonly events: readonly TrainEvent[];
  readonly weights: readonly number[];
  /** Tensors that the run left behind. */
  readonly tensorsLeft: number;
}

const [SAMPLES, SIDE, CLASSES] = [40, 8, 3];

/**
 * Trains a small convolutional classifier of stripes on the current backend: 3 epochs of 10 micro-batches, windows of 3 and a
 * last one of 1. Everything random in it is seeded.
 */
export async function trainSmall(): Promise<SmallTraining> {
  const [xs, ys] = [tf.tensor4d(images(), [SAMPLES, SIDE, SIDE, 1]), tf.tensor2d(targets(), [SAMPLES, CLASSES])];
  const model = classifier();
  const optimizer = tf.train.sgd(0.3);
  const before = tf.memory().numTensors;
  const run = train({
    model,
    optimizer,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { xs, ys, batchSize: 4, seed: 5 },
    validation: { xs, ys, batchSize: 8 },
    epochs: 3,
    accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' }),
  });
  const events: TrainEvent[] = [];
  run.events$.subscribe((event) => events.push(event));
  await run.done;
  const tensorsLeft = tf.memory().numTensors - before;
  const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return { backend: tf.getBackend(), events, weights: weights.flatMap((values) => [...values]), tensorsLeft };
}

function classifier(): tf.Sequential {
  const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
  const convolution = { filters: 4, kernelSize: 3, kernelInitializer: seeded(1), inputShape: [SIDE, SIDE, 1] };
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution, activation: 'tanh' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
}

const classOf = (sample: number) => (sample * 7) % CLASSES;

/** Stripes that lie, stand or lean, with noise. */
function images(): Float32Array {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Float32Array.from({ length: SAMPLES * SIDE * SIDE }, (_, at) => {
    const [row, column] = [Math.floor(at / SIDE) % SIDE, at % SIDE];
    const along = [row, column, row + column][classOf(Math.floor(at / SIDE ** 2))]!;
    return (along % 4 < 2 ? 1 : -1) + noise();
  });
}

function targets(): Float32Array {
  return Float32Array.from({ length: SAMPLES * CLASSES }, (_, at) =>
    classOf(Math.floor(at / CLASSES)) === at % CLASSES ? 1 : 0,
  );
}
