import type * as tf from '@tensorflow/tfjs';

type Layer = tf.layers.Layer;

/** Layers, and those inside them, in order. */
export function allLayers(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => {
    const { layers: inner = [], layer: wrapped } = layer as unknown as { layers?: Layer[]; layer?: Layer };
    return [layer, ...allLayers(inner), ...(wrapped === undefined ? [] : allLayers([wrapped]))];
  });
}
