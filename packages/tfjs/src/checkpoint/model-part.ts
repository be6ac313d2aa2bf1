import type * as tf from '@tensorflow/tfjs';
import { allLayers } from '../all-layers.js';
import type { CustomModel } from '../custom-model.js';
import { isLayersModel } from '../layers-model.js';
import { showShape } from '../tensors.js';
import type { SavedTensor } from './checkpoint-content.js';
import { CheckpointError } from './checkpoint-error.js';
import { type StatefulPart, tensorOf } from './stateful-part.js';
import { uniqueNames } from './unique-names.js';

type Layer = tf.layers.Layer;

/** A layer that counts its draws: in those that augment pictures, the seed of the next one. */
type SeededLayer = Layer & { readonly randomGenerator: { seed: number } };

/** What is saved of a model, beside its weights. */
interface ModelData {
  /** Of the weights, in the model's order. */
  readonly names: readonly string[];
  readonly seeds: readonly number[];
}

/**
 * All weights of a model, those among them that are not trained (the moving averages of batch normalization). Throws a
 * `TypeError` for a model with layers that keep states from one batch to the next.
 */
export function modelPart(model: tf.LayersModel | CustomModel<never>): StatefulPart {
  const layers = isLayersModel(model) ? allLayers(model.layers) : [];
  const stateful = layers.find((layer) => layer.stateful);
  if (stateful !== undefined) {
    throw new TypeError(`checkpoints: model has the stateful layer ${stateful.name}, whose states no checkpoint holds`);
  }
  const variables = isLayersModel(model)
    ? model.weights.map((weight) => weight.read() as tf.Variable)
    : model.variables;
  const names = uniqueNames(variables.map(({ name }) => name));
  const seeded = layers.filter(isSeeded);

  return {
    name: 'model',
    save: () => ({
      data: { names, seeds: seeded.map(({ randomGenerator }) => randomGenerator.seed) } satisfies ModelData,
      tensors: Object.fromEntries(variables.map((variable, at) => [names[at]!, variable])),
    }),
    restore({ data, tensors: unordered }) {
      const { names: saved, seeds } = data as ModelData;
      const byName = new Map(unordered.map((tensor) => [tensor.name, tensor]));
      const tensors = saved.map((name) => byName.get(name)!);
      assertSameTensors(variables, tensors);
      if (seeds.length !== seeded.length) throw otherModel(`${seeds.length} seeded layers`, `${seeded.length}`);
      return () => {
        variables.forEach((variable, at) => {
          const value = tensorOf(tensors[at]!);
          variable.assign(value);
          value.dispose();
        });
        seeded.forEach((layer, at) => {
          layer.randomGenerator.seed = seeds[at]!;
        });
      };
    },
  };
}

function isSeeded(layer: Layer): layer is SeededLayer {
  const { randomGenerator } = layer as { randomGenerator?: { seed?: unknown } };
  return typeof randomGenerator?.seed === 'number';
}

/** By position: a name may hold a counter that depends on what else the program made. */
function assertSameTensors(variables: readonly tf.Variable[], saved: readonly SavedTensor[]): void {
  if (saved.length !== variables.length) throw otherModel(`${saved.length} weights`, `${variables.length}`);
  variables.forEach(({ name, dtype, shape }, at) => {
    const before = saved[at]!;
    const [was, is] = [before, { dtype, shape }].map(({ dtype, shape }) => `${dtype} ${showShape(shape)}`) as [
      string,
      string,
    ];
    if (was !== is) throw otherModel(`${before.name}, ${was},`, `${name}, ${is}`);
  });
}

function otherModel(was: string, is: string): CheckpointError {
  return new CheckpointError('other-training', `it is of another model: it has ${was} where this one has ${is}`);
}
