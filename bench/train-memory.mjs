// The memory that train() takes for batches of a size in windows of 256, above its data: sent to `train-large-batch.mjs`.
// `node bench/train-memory.mjs wasm|node BATCH`
import * as tf from '@tensorflow/tfjs';
import { byTrain, digits, mlp, startBackend } from './training.mjs';

const [backend, batch] = [process.argv[2], Number(process.argv[3])];
await startBackend(backend);
const data = digits(5120);
// Slices of what is there already: the first reading of the data is no part of training.
data.xs.dataSync();
const engine = tf.engine();
const before = { tensors: engine.memory().numBytes, resident: process.memoryUsage.rss() };

// Tensors come and go within a pass: their peak is known only where each is counted.
let peak = 0;
const track = engine.trackTensor;
engine.trackTensor = function (...counted) {
  track.apply(this, counted);
  peak = Math.max(peak, this.state.numBytes);
};
const [model, optimizer] = [mlp(), tf.train.adam(1e-3)];
await byTrain(model, optimizer, data, { batch, window: 256, epochs: 2 });
const highest = process.resourceUsage().maxRSS * 1024;
process.send({ tensors: peak - before.tensors, resident: highest - before.resident });
