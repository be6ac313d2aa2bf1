import type { GraphShape } from './graph-model.js';
import { bytesField, message, presentField, textField, uintField } from './message.js';

/** One node of a graph as TensorBoard draws it. `inputs` are names of nodes, with `:n` behind that of an output other than the first. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly dtype: string | undefined;
  readonly shapes: readonly GraphShape[];
}

// tensorflow/core/framework/types.proto
const DTYPES: Readonly<Record<string, number>> = { float32: 1, int32: 3, string: 7, complex64: 8, bool: 10 };

/*
 * BYTES (tensorflow/core/framework/node_def.proto, attr_value.proto, tensor_shape.proto):
 *   NodeDef            0a name   12 op   1a input …   2a ( 0a key   12 AttrValue ) …
 *   AttrValue          0a ListValue | 30 type
 *   ListValue          3a TensorShapeProto …
 *   TensorShapeProto   12 ( 08 size:varint, -1 where it is open ) …
 */
export function encodeGraphNode({ name, op, inputs, dtype, shapes }: GraphNode): Uint8Array {
  const list = message(...shapes.map((shape) => presentField(7, message(...shape.map(dimension)))));
  const type = DTYPES[dtype ?? ''];
  return message(
    textField(1, name),
    textField(2, op),
    ...inputs.map((input) => textField(3, input)),
    attribute('_output_shapes', bytesField(1, list)),
    ...(type === undefined ? [] : [attribute('dtype', uintField(6, type))]),
  );
}

function attribute(key: string, value: Uint8Array): Uint8Array {
  return presentField(5, message(textField(1, key), presentField(2, value)));
}

// A negative varint is its two's complement in 64 bits.
const OPEN = Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);

function dimension(size: number | null): Uint8Array {
  return presentField(2, size === null || size < 0 ? OPEN : uintField(1, size));
}
