/**
 * What `npm run bench` measures, by the letter that `--only` takes. Each run is a child process of its own, so that none
 * warms another's code.
 */
export const parts = {
  a: {
    title: 'accumulate()',
    about:
      'Windows of 8 micro-batches, 3 metrics, every event stored in a ring of 1,024; pairs of 100,000 micro-batches in ' +
      'turn. Medians are per micro-batch.',
    runs: [['bench/accumulate.mjs']],
  },
  b: {
    title: 'The whole path to TensorBoard, W&B offline and the journal',
    about:
      'Windows of 8, 3 metrics of 17 random digits, from `accumulate()` through `record()` to files closed and on the ' +
      "disk. Python logs the same rows, read back from our file, from its first `log()` to the end of `finish()`: nothing but W&B's.",
    runs: [
      ['bench/whole-path.mjs', 'true'],
      ['bench/whole-path.mjs', 'false'],
    ],
  },
  c: {
    title: 'train()',
    about:
      'Against a loop by hand on tfjs that also accumulates, in windows of 8, and reads each loss: MLP 784-128-10, Adam, batch ' +
      '32; pairs of 160 micro-batches in turn. Medians are per micro-batch. On tfjs-node where it is built.',
    runs: onEachBackend('bench/train.mjs'),
  },
  m: {
    title: 'train() and model.fit',
    about: 'MLP 784-128-10, Adam, the same data, shuffled: pairs of 160 batches of 32 in turn. Medians are per batch.',
    runs: onEachBackend('bench/train-fit.mjs'),
  },
  l: {
    title: 'Accumulating and one large batch',
    about:
      'MLP 784-128-10, Adam, both by `train()`, in pairs; medians are per optimizer step. Memory is what training takes above its ' +
      "data, in a process for each: tensors as TensorFlow.js counts them, and the system's high-water mark where training raises it.",
    runs: onEachBackend('bench/train-large-batch.mjs'),
  },
  n: {
    title: 'What measuring and clipping cost',
    about:
      'MLP 784-128-10, Adam, micro-batches of 32 in windows of 8: 80 a run, with and without in turn. Medians are per micro-batch, ' +
      'ratios to the same without it.',
    runs: onEachBackend('bench/train-measured.mjs'),
  },
  k: {
    title: 'Gradients on wasm',
    about: 'The kernels that wasm lacks, against those of the cpu backend, one at a time.',
    runs: [['bench/wasm-kernels.mjs']],
  },
  d: {
    title: 'Memory',
    about:
      'From the 100,000th to the 2,000,000th micro-batch, all three loggers, windows of 8, 3 metrics. Read every 500 ' +
      "micro-batches, and by the system's own high-water mark. The interval is from there to there.",
    runs: [
      ['--expose-gc', 'bench/memory.mjs', 'true'],
      ['--expose-gc', 'bench/memory.mjs', 'false'],
    ],
  },
  e: {
    title: 'TensorBoard event files',
    about:
      "1,000,000 scalars over 20 tags, from the writer's making to the closed file; tfjs-node, whose `summaryFileWriter` writes " +
      'in the background and ends with `flush()`, as many; Python, without TensorFlow, 20,000 of them. `readScalars` and ' +
      '`EventAccumulator` read what we wrote. Histograms are of 1,000 values. Ratios are of rates: how often ours is theirs.',
    runs: [
      ['bench/tensorboard-scalars.mjs'],
      ['bench/tensorboard-histograms.mjs'],
      ['--expose-gc', 'bench/tensorboard-memory.mjs'],
      ['bench/tensorboard-blocks.mjs'],
    ],
  },
  f: {
    title: 'W&B runs',
    about:
      '`run.log(row)`, each row of that many metrics with as many distinct random doubles, without a step, beside the same in ' +
      "Python; pairs in turn, each run in a new process. Rates go from the first call to the end of `finish()`, which is with Python's " +
      'wandb, too, when everything is in the file, or on the server; the rows are made outside of the time. Python writes fewer rows, so ' +
      'that both take seconds. System metrics, console, git and code are off on both sides. Online is to the stand-in server of ' +
      '`test/interop`, on the same machine; of each run it is checked that the server has every row, each once, and the run complete.',
    runs: [
      ['bench/wandb-offline.mjs'],
      ['bench/wandb-calls.mjs'],
      ['--expose-gc', 'bench/wandb-memory.mjs'],
      ['bench/wandb-online.mjs'],
    ],
  },
  v: {
    title: '`microbatch view`',
    about:
      'Event files on the disk, written before; each visit has a new server, and Chromium without a graphics card on the same ' +
      'two cores. Ours has seen all curves when each stands for all of its points, drawn to the pixel; TensorBoard, with its ' +
      'own fast loader, thins them out, and has seen them when each reaches its last point. Its page shows what was loaded ' +
      'when it was opened: it is opened at once, and once more when its server says that it has everything, if that helps. ' +
      'Memory is that of the server and what it started, at most.',
    runs: [['bench/view-pages.mjs'], ['bench/view-journal.mjs'], ['bench/view-live.mjs']],
  },
};

/** A script's two runs: TensorFlow.js computes on wasm, and by TensorFlow's C library. */
function onEachBackend(script) {
  return ['wasm', 'node'].map((backend) => [script, backend]);
}
