import { inspect } from 'node:util';
import { bytesField, message, textField, uintField } from './message.js';
import type { DenseArray } from './numeric-input.js';
import { encodeTensorValue, summary } from './summary-value.js';
import { contentTensor, floatTensor } from './tensor-proto.js';
import { varintLength, writeVarint } from './varint.js';

/*
 * BYTES (tensorboard/plugins/mesh/plugin_data.proto):
 *   MeshPluginData  12 name   18 content_type   2a json_config   32 shape (packed)   38 components
 */
const CONTENT_TYPES = { VERTEX: 1, FACE: 2, COLOR: 3 } as const;

interface Part {
  readonly type: keyof typeof CONTENT_TYPES;
  readonly shape: readonly number[];
  readonly tensor: Uint8Array;
}

/**
 * Meshes as the mesh plugin stores them: a tensor for each part, in one summary (tensorboard/plugins/mesh/summary_v2.py).
 * Throws a `TypeError` or `RangeError` that names the argument.
 */
export function encodeMesh(
  tag: string,
  {
    vertices,
    colors,
    faces,
  }: {
    readonly vertices: DenseArray;
    readonly colors: DenseArray | undefined;
    readonly faces: DenseArray | undefined;
  },
  config: Readonly<Record<string, unknown>> | undefined,
): Uint8Array {
  assertTriples('vertices', vertices);
  const [batch, points] = vertices.shape as [number, number, number];
  const parts: Part[] = [{ type: 'VERTEX', shape: vertices.shape, tensor: floatTensor(vertices.shape, vertices.data) }];
  if (faces !== undefined) {
    assertTriples('faces', faces);
    if (faces.shape[0] !== batch) throw new RangeError(`faces must be of shape [${batch}, m, 3], not [${faces.shape}]`);
    assertIntegers('faces', faces, points - 1, `indices of ${points} vertices, integers`);
    const indices = new Uint8Array(4 * faces.data.length);
    const view = new DataView(indices.buffer);
    for (let at = 0; at < faces.data.length; at += 1) view.setInt32(4 * at, faces.data[at]!, true);
    parts.push({ type: 'FACE', shape: faces.shape, tensor: contentTensor('int32', faces.shape, indices) });
  }
  if (colors !== undefined) {
    assertTriples('colors', colors);
    if (colors.shape[0] !== batch || colors.shape[1] !== points) {
      throw new RangeError(`colors must be of shape [${vertices.shape}], as vertices, not [${colors.shape}]`);
    }
    assertIntegers('colors', colors, 255, 'integers');
    parts.push({
      type: 'COLOR',
      shape: colors.shape,
      tensor: contentTensor('uint8', colors.shape, Uint8Array.from(colors.data)),
    });
  }
  const jsonConfig = toJson(config);
  const components = parts.reduce((mask, { type }) => mask | (1 << CONTENT_TYPES[type]), 0);
  return summary(
    ...parts.map(({ type, shape, tensor }) => {
      const content = message(
        textField(2, tag),
        uintField(3, CONTENT_TYPES[type]),
        textField(5, jsonConfig),
        bytesField(6, packed(shape)),
        uintField(7, components),
      );
      return encodeTensorValue(`${tag}_${type}`, tensor, { plugin: 'mesh', content, dataClass: 'tensor' });
    }),
  );
}

function packed(values: readonly number[]): Uint8Array {
  return message(
    ...values.map((value) => {
      const bytes = new Uint8Array(varintLength(value));
      writeVarint(bytes, 0, value);
      return bytes;
    }),
  );
}

function assertTriples(name: string, { shape }: DenseArray): void {
  if (shape.length !== 3 || shape[2] !== 3 || shape[0] === 0 || shape[1] === 0) {
    throw new RangeError(`${name} must be of shape [batch, n, 3] with batch and n from 1, not [${shape}]`);
  }
}

function assertIntegers(name: string, { data }: DenseArray, most: number, what: string): void {
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at]!;
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw new RangeError(`${name} must be ${what} from 0 to ${most}, not ${value} at ${at}`);
    }
  }
}

function toJson(config: unknown): string {
  if (config === undefined) return '{}';
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(`config must be an object, not ${inspect(config)}`);
  }
  try {
    return JSON.stringify(config);
  } catch (cause) {
    throw new TypeError(`config must be what JSON can hold, not ${inspect(config)}`, { cause });
  }
}
