export { tensorboard } from './tensorboard.js';
export type { Layout, TensorBoardOptions } from './tensorboard-options.js';
export { tensorboardSink } from './tensorboard-sink.js';
