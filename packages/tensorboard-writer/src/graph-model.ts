import { inspect } from 'node:util';

/** A size for each dimension; `null` where it is open, as a batch's. */
export type GraphShape = readonly (number | null)[];

/** One call of a layer: which outputs of which calls of which layers it gets. */
export interface GraphCall {
  readonly inboundLayers: readonly GraphLayer[];
  readonly nodeIndices: readonly number[];
  readonly tensorIndices: readonly number[];
  readonly outputShapes: GraphShape | readonly GraphShape[];
}

/** What is read of a `tf.layers.Layer`. */
export interface GraphLayer {
  readonly name: string;
  /** `'float32'` and so on, where the layer says it. */
  readonly dtype?: string;
  readonly inboundNodes: readonly GraphCall[];
  getClassName(): string;
}

/** What is read of a `tf.SymbolicTensor`. */
export interface GraphTensor {
  readonly sourceLayer: GraphLayer;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
}

/** What is read of a `tf.LayersModel`, sequential or functional. */
export interface GraphModel extends GraphLayer {
  readonly layers: readonly GraphLayer[];
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/** Whether a layer is a model itself. */
export function isModel(layer: GraphLayer): layer is GraphModel {
  const { layers, outputs } = layer as Partial<GraphModel>;
  return Array.isArray(layers) && Array.isArray(outputs);
}

/** Refuses what is not a `tf.LayersModel` that knows its inputs and outputs. */
export function assertGraphModel(model: unknown): asserts model is GraphModel {
  const { layers, inputs, outputs } = (model ?? {}) as Partial<Record<keyof GraphModel, unknown>>;
  if (!Array.isArray(layers))
    throw new TypeError(`model must be a tf.LayersModel, not ${inspect(model, { depth: 0 })}`);
  if (!Array.isArray(inputs) || !Array.isArray(outputs) || outputs.length === 0) {
    throw new TypeError('model must have inputs and outputs: an empty sequential model has none');
  }
}
