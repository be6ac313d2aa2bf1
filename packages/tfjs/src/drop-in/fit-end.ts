import type * as tf from '@tensorflow/tfjs';

/**
 * Calls `ended` when the fit that the model is in ends, however it ends. tfjs tells callbacks of a good end alone; but it
 * takes its mark `isTraining` back in any case, which is where this listens, once.
 */
export function onFitEnd(model: tf.LayersModel, ended: () => void): void {
  const mark = Object.getOwnPropertyDescriptor(model, 'isTraining');
  if (mark?.value !== true) {
    throw new Error(
      'model.isTraining is not true inside of fit: this version of @tensorflow/tfjs-layers is not supported',
    );
  }
  Object.defineProperty(model, 'isTraining', {
    configurable: true,
    enumerable: true,
    get: () => true,
    set(value: boolean) {
      Object.defineProperty(model, 'isTraining', { ...mark, value });
      ended();
    },
  });
}
