import { expect, test } from 'vitest';
import type { DenseArray, MeshOptions } from '../src/index.js';
import { encodeMesh } from '../src/mesh.js';
import type { SummaryWriter } from '../src/summary-writer.js';
import { expectRefused } from './expect-refused.js';
import { mediaGolden, toHex } from './media-golden.js';

const golden = mediaGolden.mesh;
const vertices: DenseArray = { shape: [2, 4, 3], data: golden.vertices };
const faces: DenseArray = { shape: [2, 2, 3], data: Int32Array.from(golden.faces) };
const colors: DenseArray = { shape: [2, 4, 3], data: golden.colors };

test.each([
  ['vertices, faces and colors', { vertices, faces, colors }, golden.full],
  ['vertices', { vertices, faces: undefined, colors: undefined }, golden.cloud],
  ['vertices and colors', { vertices, faces: undefined, colors }, golden.colored],
])("%s are byte for byte what TensorBoard's own writer makes of them", (_, parts, payload) => {
  expect(toHex(encodeMesh('mesh/a', parts, undefined))).toBe(payload);
});

test('config goes with every part, as JSON', () => {
  const config = { camera: { cls: 'PerspectiveCamera', fov: 75 } };
  const payload = Buffer.from(encodeMesh('t', { vertices, faces, colors }, config)).toString('latin1');
  expect(payload.split(JSON.stringify(config))).toHaveLength(4);
});

const add = (vertices: DenseArray, options?: MeshOptions<DenseArray>) => (w: SummaryWriter) =>
  w.addMesh('t', vertices, 1, options);
const zeros = (...shape: number[]): DenseArray => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
const circular: { self?: unknown } = {};
circular.self = circular;

const badCalls: [name: string, call: (writer: SummaryWriter) => void, error: typeof TypeError, message: RegExp][] = [
  ['no batch', add(zeros(4, 3)), RangeError, /vertices must be of shape \[batch, n, 3\].*not \[4,3\]/],
  ['two coordinates', add(zeros(1, 4, 2)), RangeError, /vertices .*not \[1,4,2\]/],
  ['no vertices', add(zeros(1, 0, 3)), RangeError, /vertices .*not \[1,0,3\]/],
  ['batches differ', add(vertices, { faces: zeros(1, 2, 3) }), RangeError, /faces .*\[2, m, 3\], not \[1,2,3\]/],
  ['color batches differ', add(vertices, { colors: zeros(1, 4, 3) }), RangeError, /colors .*\[2,4,3\].*not \[1,4,3\]/],
  ['a color is missing', add(vertices, { colors: zeros(2, 3, 3) }), RangeError, /colors .*not \[2,3,3\]/],
  [
    'index too large',
    add(zeros(1, 2, 3), { faces: { shape: [1, 1, 3], data: [0, 1, 2] } }),
    RangeError,
    /faces .*not 2 at 2/,
  ],
  [
    'negative index',
    add(zeros(1, 2, 3), { faces: { shape: [1, 1, 3], data: [0, -1, 1] } }),
    RangeError,
    /faces .*not -1 at 1/,
  ],
  [
    'index no integer',
    add(zeros(1, 2, 3), { faces: { shape: [1, 1, 3], data: [0, 0.5, 1] } }),
    RangeError,
    /faces .*0\.5/,
  ],
  [
    'color too large',
    add(zeros(1, 1, 3), { colors: { shape: [1, 1, 3], data: [0, 256, 0] } }),
    RangeError,
    /colors .*256/,
  ],
  [
    'color as a fraction',
    add(zeros(1, 1, 3), { colors: { shape: [1, 1, 3], data: [0, 0.5, 0] } }),
    RangeError,
    /colors .*0\.5/,
  ],
  ['config no object', add(vertices, { config: 'x' as never }), TypeError, /config must be an object, not 'x'/],
  ['config that is no JSON', add(vertices, { config: circular }), TypeError, /config must be what JSON can hold/],
];

test.each(badCalls)('%s: refused by name and value, nothing written', (_, call, errorClass, message) => {
  expectRefused(call, errorClass, message);
});
