// Writes scalars or histograms by tfjs-node's native summaryFileWriter:
// `node bench/tfjs-node-writer.cjs MODULE scalars|histograms COUNT FOLDER`. Prints the seconds from the first
// value to the end of flush(), which is all the end that it has; a tenth of the same work warms up.
const { join } = require('node:path');

const [path, kind, count, folder] = process.argv.slice(2);
const tf = require(path);

// By default it writes after each 10 events, which is slower.
const MAX_QUEUE = 10_000;
const TAGS = Array.from({ length: 20 }, (_, index) => `train/metric_${index}`);

function scalars(writer, count) {
  for (let index = 0; index < count; index++) {
    writer.scalar(TAGS[index % TAGS.length], index * 0.37, Math.floor(index / TAGS.length));
  }
}

const tensors = Array.from({ length: 64 }, (_, seed) =>
  tf.tensor1d(Float32Array.from({ length: 1000 }, (_, index) => Math.sin(index * 12.9898 + seed) * (1 + seed))),
);

function histograms(writer, count) {
  for (let step = 0; step < count; step++) writer.histogram('weights', tensors[step % tensors.length], step);
}

function seconds(count, folder) {
  const writer = tf.node.summaryFileWriter(folder, MAX_QUEUE);
  const began = performance.now();
  (kind === 'scalars' ? scalars : histograms)(writer, count);
  writer.flush();
  return (performance.now() - began) / 1000;
}

seconds(Math.ceil(count / 10), join(folder, 'warm-up'));
const taken = seconds(Number(count), join(folder, 'measured'));
console.log(JSON.stringify({ seconds: taken }));
