import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { AccumulateGradientsOptions } from '../src/index.js';
import './backends.js';
import { loop } from './small-loop.js';

describe('a loop by hand refuses', () => {
  it.each<[string, AccumulateGradientsOptions, string]>([
    ['half a sample', { samples: () => 0.5 }, 'samples() must be a positive integer, not 0.5'],
    ['a negative weight', { weight: () => -1 }, 'weight() must return a number that is not negative, not -1'],
    ['a weight of NaN', { weight: () => Number.NaN }, 'weight() must return a number that is not negative, not NaN'],
  ])('%s', (_, options, message) => {
    expect(() => loop(options).minimize([1, 1])).toThrow(message);
  });

  it('a window that weighs nothing, with the parameters as they were', () => {
    const { minimize, values } = loop({ weight: () => 0 });
    minimize([1, 1]);
    expect(() => minimize([1, 1])).toThrow('weigh 0 in all');
    expect(values()).toEqual([1, 2]);
  });

  it('a loss that is no scalar, or depends on nothing', () => {
    const { optimizer, variable } = loop();
    const minimize = (loss: unknown) => () => optimizer.minimize(() => loss as tf.Scalar, false, [variable]);
    expect(minimize(tf.mul(variable, 2))).toThrow('the function must return a scalar, not a tensor of shape [2]');
    expect(minimize(3)).toThrow('the function must return a scalar tensor, not 3');
    expect(minimize(tf.scalar(3))).toThrow('the loss depends on none of 1 trainable variables');
  });

  it('another list of variables', () => {
    const { optimizer, minimize } = loop();
    const other = tf.variable(tf.scalar(1));
    minimize([1, 1]);
    expect(() => optimizer.minimize(() => tf.square(other), false, [other])).toThrow('it is given 1 variables');
  });

  it('gradients whose loss it does not know', () => {
    const { optimizer, variable } = loop();
    const { grads } = tf.variableGrads(() => tf.sum(variable), [variable]);
    expect(() => optimizer.applyGradients(grads)).toThrow('the loss of these gradients is not known');
    const { grads: known } = optimizer.computeGradients(() => tf.sum(variable), [variable]);
    optimizer.applyGradients(known);
    expect(() => optimizer.applyGradients(known)).toThrow('the loss of these gradients is not known');
  });

  it('gradients of a variable that there is not', () => {
    const { optimizer, variable } = loop();
    const { grads } = optimizer.computeGradients(() => tf.sum(variable), [variable]);
    const [gradient] = Object.values(grads);
    expect(() => optimizer.applyGradients({ unknown: gradient! })).toThrow('no variable is named "unknown"');
  });
});
