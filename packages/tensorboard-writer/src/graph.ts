import { assertGraphModel, type GraphLayer, type GraphModel, type GraphTensor, isModel } from './graph-model.js';
import { encodeGraphNode, type GraphNode } from './graph-node.js';
import { message, presentField, uintField } from './message.js';

/*
 * BYTES (tensorflow/core/framework/graph.proto, versions.proto):
 *   Event      22 graph_def
 *   GraphDef   0a NodeDef …   22 ( 08 producer )
 */
// The version from which shapes of outputs are an attribute; PyTorch's writer says the same.
const PRODUCER = 22;

/** The payload that shows a model's layers, one node each; a model within the model is a scope of its own. */
export function encodeGraph(model: GraphModel): Uint8Array {
  assertGraphModel(model);
  const nodes: GraphNode[] = [];
  addModel(model, '', [], nodes);
  const fields = nodes.map((node) => presentField(1, encodeGraphNode(node)));
  return presentField(4, message(...fields, presentField(4, uintField(1, PRODUCER))));
}

/** One call of a layer: where what it gets comes from. */
interface Call {
  readonly layer: GraphLayer;
  readonly nodeIndex: number;
}

/** Appends the nodes of `model` in the order in which data flows. `feeds` names, for each of its inputs, what its calls put there. */
function addModel(model: GraphModel, scope: string, feeds: readonly (readonly string[])[], nodes: GraphNode[]): void {
  const inputs = new Map(model.inputs.map((tensor, at) => [tensor.sourceLayer, feeds[at] ?? []]));
  for (const [layer, calls] of callsByLayer(model)) {
    const name = scope + layer.name;
    const sources = calls.map((call) => sourcesOf(call, scope));
    if (isModel(layer)) {
      addModel(
        layer,
        `${name}/`,
        layer.inputs.map((_, at) => unique(sources.flatMap((one) => one.slice(at, at + 1)))),
        nodes,
      );
    } else {
      const shapes = layer.inboundNodes[calls[0]!.nodeIndex]!.outputShapes;
      nodes.push({
        name,
        op: layer.getClassName(),
        inputs: unique(inputs.get(layer) ?? sources.flat()),
        dtype: layer.dtype,
        shapes: (Array.isArray(shapes[0]) ? shapes : [shapes]) as readonly (readonly (number | null)[])[],
      });
    }
  }
}

/** The calls that `model` makes of each layer, and no other model that shares it: those on the way from its outputs to its inputs. */
function callsByLayer(model: GraphModel): Map<GraphLayer, Call[]> {
  const calls = new Map<GraphLayer, Call[]>();
  const seen = new Map<GraphLayer, Set<number>>();
  const inputs = new Set(model.inputs.map(({ sourceLayer }) => sourceLayer));

  function visit(layer: GraphLayer, nodeIndex: number): void {
    const visited = seen.get(layer) ?? new Set();
    if (visited.has(nodeIndex)) return;
    seen.set(layer, visited.add(nodeIndex));
    const { inboundLayers, nodeIndices } = layer.inboundNodes[nodeIndex]!;
    if (!inputs.has(layer)) for (const [at, source] of inboundLayers.entries()) visit(source, nodeIndices[at]!);
    // After what feeds it.
    const others = calls.get(layer);
    if (others === undefined) calls.set(layer, [{ layer, nodeIndex }]);
    else others.push({ layer, nodeIndex });
  }

  for (const { sourceLayer, nodeIndex } of model.inputs) visit(sourceLayer, nodeIndex);
  for (const { sourceLayer, nodeIndex } of model.outputs) visit(sourceLayer, nodeIndex);
  return calls;
}

function sourcesOf({ layer, nodeIndex }: Call, scope: string): string[] {
  const { inboundLayers, tensorIndices } = layer.inboundNodes[nodeIndex]!;
  return inboundLayers.map((source, at) => sourceName({ sourceLayer: source, tensorIndex: tensorIndices[at]! }, scope));
}

/** What a model hands on is what one of its layers does. */
function sourceName(
  { sourceLayer, tensorIndex }: Pick<GraphTensor, 'sourceLayer' | 'tensorIndex'>,
  scope: string,
): string {
  const name = scope + sourceLayer.name;
  if (isModel(sourceLayer)) return sourceName(sourceLayer.outputs[tensorIndex]!, `${name}/`);
  return tensorIndex === 0 ? name : `${name}:${tensorIndex}`;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
