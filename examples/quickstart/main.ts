import { gradientAccumulation, record } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';

const xs = tf.randomNormal([1000, 4], 0, 1, 'float32', 1);
const data = { xs, ys: xs.mean(1, true), batchSize: 8 };
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4], kernelInitializer: 'zeros' })] });
const accumulation = gradientAccumulation({ accumBatchSize: 32 });
const run = train({ model, optimizer: tf.train.sgd(0.02), loss: 'meanSquaredError', data, epochs: 2, accumulation });
const loggers = [tensorboard({ logDir: 'runs' }), wandb({ project: 'quickstart', dir: 'runs' })];
for (const { logger, written } of await record(run.events$, loggers)) console.log(`${logger}: ${written} events`);
const { history } = await run.done;
console.table(history.map(({ microStep, step, train }) => ({ microStep, step, loss: train.loss })));
