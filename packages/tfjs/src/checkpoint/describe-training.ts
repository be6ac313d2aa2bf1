import * as tf from '@tensorflow/tfjs';
import { allLayers } from '../all-layers.js';
import { isLayersModel } from '../layers-model.js';
import { isDataset, isIterable } from '../streamed-data.js';
import { listTensors, type Tensors } from '../tensors.js';

type Options = Readonly<Record<string, unknown>>;

/** What is compared in another way, changes nothing that is trained, or can't be compared. */
const LEFT_OUT = [
  'model',
  'optimizer',
  'data',
  'validation',
  'epochs',
  'accumulation',
  'run',
  'disposeBatches',
  'histograms',
  'measure',
  'checkpoints',
];
/** Of a layer's config: names hold counters of the process, and weights are restored, however they began. */
const LEFT_OUT_OF_LAYERS = /^name$|initializer$|^(inboundNodes|inputLayers|outputLayers|layers|layer)$/i;

/**
 * What two trainings must have in common for one to go on where the other was saved, as plain data; functions by their
 * names alone.
 */
export function describeTraining(options: object): unknown {
  const { model, data, ...others } = options as Options;
  const rest = Object.entries(others).filter(([name]) => !LEFT_OUT.includes(name));
  return {
    model: describeModel(model),
    data: describeData(data),
    ...Object.fromEntries(rest.map(([name, value]) => [name, plain(value)])),
  };
}

function describeModel(model: unknown): unknown {
  if (!isLayersModel(model)) return 'custom';
  return allLayers(model.layers).map((layer) => {
    const config = Object.entries(layer.getConfig()).filter(([key]) => !LEFT_OUT_OF_LAYERS.test(key));
    return { ...Object.fromEntries(config.map(([key, value]) => [key, plain(value)])), class: layer.getClassName() };
  });
}

function describeData(data: unknown): unknown {
  if (isDataset(data)) return 'data set';
  if (typeof data === 'function') return 'function';
  if (isIterable(data)) return Array.isArray(data) ? { batches: data.length } : 'iterable';
  const { xs, ys, batchSize, shuffle = true, seed = 0, ...others } = data as Options & { xs: Tensors; ys: Tensors };
  return { xs: shapes(xs), ys: shapes(ys), batchSize, shuffle, seed, ...(plain(others) as object) };
}

function shapes(tensors: Tensors): unknown {
  return listTensors(tensors).map(plain);
}

/** Plain data in place of anything. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof tf.Tensor) return `${value.dtype} [${value.shape.join(', ')}]`;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
