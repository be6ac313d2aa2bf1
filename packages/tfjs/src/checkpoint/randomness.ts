import type * as tf from '@tensorflow/tfjs';
import { allLayers } from '../all-layers.js';
import type { Diagnostic } from '../diagnostic.js';
import { isLayersModel } from '../layers-model.js';

/** Layers that take no seed. */
const UNSEEDED = ['GaussianNoise', 'GaussianDropout', 'AlphaDropout'];

/** Tells that a run can't be gone on with bit for bit, because its model draws numbers whose position nobody knows. */
export function randomnessDiagnostic(model: unknown, seed: number | undefined): Diagnostic | undefined {
  if (seed !== undefined || !isLayersModel(model)) return undefined;
  const layer = allLayers(model.layers).find(drawsFromMathRandom);
  if (layer === undefined) return undefined;
  const message = `the layer ${layer.name} draws from Math.random, whose position no checkpoint can hold: a resumed run differs from one that was never stopped, unless train() is given a seed`;
  return { level: 'warn', code: 'checkpoint-random', message };
}

function drawsFromMathRandom(layer: tf.layers.Layer): boolean {
  const { seed, rate, dropout, recurrentDropout } = layer.getConfig() as Record<string, unknown>;
  const className = layer.getClassName();
  if (UNSEEDED.includes(className)) return true;
  if (className === 'Dropout' || className === 'SpatialDropout1D')
    return isRate(rate) && (seed === undefined || seed === null);
  return isRate(dropout) || isRate(recurrentDropout);
}

function isRate(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}
