import type * as tf from '@tensorflow/tfjs';

/** What an accumulating optimizer does otherwise than the optimizer that it accumulates for. */
export type OwnMethods = Pick<tf.Optimizer, 'minimize' | 'computeGradients' | 'applyGradients' | 'dispose'>;

const accumulating = new WeakSet<object>();

/** Whether an optimizer accumulates already. */
export function isAccumulating(optimizer: tf.Optimizer): boolean {
  return accumulating.has(optimizer);
}

/**
 * The optimizer in all but these methods: its name and configuration where a model is saved, its state, its learning rate to
 * read and to set, its class.
 */
export function accumulatingOptimizer(optimizer: tf.Optimizer, own: OwnMethods): tf.Optimizer {
  const proxy = new Proxy(optimizer, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key as keyof OwnMethods];
      const value: unknown = Reflect.get(target, key);
      // Its methods find its private fields on itself alone.
      return typeof value === 'function' && key !== 'constructor' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
  accumulating.add(proxy);
  return proxy;
}
