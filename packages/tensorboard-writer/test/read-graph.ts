import { WireReader } from '../src/wire.js';

export interface ReadNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly dtype: number | undefined;
}

/** The fields of a message: bytes for those with a length, numbers for varints. */
function fieldsOf(bytes: Buffer): { readonly field: number; readonly value: Buffer | number }[] {
  const wire = new WireReader(bytes, 0, bytes.length);
  const fields: { field: number; value: Buffer | number }[] = [];
  while (wire.next()) {
    const { field, wireType } = wire;
    if (wireType === 2) {
      const start = wire.message();
      fields.push({ field, value: bytes.subarray(start, wire.at) });
    } else {
      fields.push({ field, value: Number(wire.int64()) });
    }
  }
  return fields;
}

const all = (bytes: Buffer, number: number) =>
  fieldsOf(bytes).flatMap(({ field, value }) => (field === number ? [value as Buffer] : []));

/** The nodes of an event's graph by name, in the order in which they stand. */
export function readGraph(payload: Uint8Array): Record<string, ReadNode> {
  const [graph] = all(Buffer.from(payload), 4);
  const nodes = all(graph!, 1).map((node) => {
    const attributes = Object.fromEntries(all(node, 5).map((entry) => [String(all(entry, 1)[0]), all(entry, 2)[0]!]));
    const [list] = all(attributes._output_shapes!, 1);
    const shapes = list === undefined ? [] : all(list, 7);
    const [dtype] = attributes.dtype === undefined ? [] : fieldsOf(attributes.dtype);
    const read: ReadNode = {
      op: String(all(node, 2)[0]),
      inputs: all(node, 3).map(String),
      shapes: shapes.map((shape) => all(shape, 2).map((size) => Number(fieldsOf(size)[0]?.value ?? 0))),
      dtype: dtype?.value as number | undefined,
    };
    return [String(all(node, 1)[0]), read] as const;
  });
  return Object.fromEntries(nodes);
}
