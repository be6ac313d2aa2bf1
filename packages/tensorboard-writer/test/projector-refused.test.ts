import { test } from 'vitest';
import type { DenseArray } from '../src/index.js';
import type { SummaryWriter } from '../src/summary-writer.js';
import { expectRefused } from './expect-refused.js';

const matrix: DenseArray = { shape: [2, 2], data: [1, 2, 3, 4] };
const zeros = (...shape: number[]): DenseArray => ({ shape, data: new Uint8Array(shape.reduce((a, b) => a * b, 1)) });
type Options = Parameters<SummaryWriter['addEmbedding']>[1];
const badCalls: [name: string, matrix: DenseArray, options: unknown, error: ErrorConstructor, message: RegExp][] = [
  ['one dimension', zeros(4), {}, RangeError, /matrix must be of shape \[n, dimensions\].*not \[4\]/],
  ['no rows', zeros(0, 3), {}, RangeError, /matrix .*not \[0,3\]/],
  ['vectors of one number', zeros(3, 1), {}, RangeError, /matrix .*not \[3,1\]/],
  ['empty tag', matrix, { tag: '' }, TypeError, /tag must not be empty/],
  ['negative step', matrix, { step: -1 }, RangeError, /step .*not -1/],
  ['too few labels', matrix, { metadata: ['a'] }, RangeError, /metadata must have 2 labels.*not 1/],
  ['no array of labels', matrix, { metadata: 'ab' }, TypeError, /metadata must be an array, not 'ab'/],
  ['a label that is none', matrix, { metadata: ['a', null] }, TypeError, /metadata\[1\] .*not null/],
  [
    'columns without a header',
    matrix,
    {
      metadata: [
        ['a', 'b'],
        ['c', 'd'],
      ],
    },
    TypeError,
    /metadata\[0\] .*\[ 'a', 'b' \]/,
  ],
  ['a header alone', matrix, { metadataHeader: ['a', 'b'] }, TypeError, /metadataHeader needs metadata/],
  [
    'a header of one',
    matrix,
    { metadata: [['a'], ['b']], metadataHeader: ['n'] },
    RangeError,
    /metadataHeader .*not 1/,
  ],
  [
    'equal columns',
    matrix,
    {
      metadata: [
        ['a', 1],
        ['b', 2],
      ],
      metadataHeader: ['n', 'n'],
    },
    TypeError,
    /\[1\] .*not 'n'/,
  ],
  [
    'a blank column',
    matrix,
    {
      metadata: [
        ['a', 1],
        ['b', 2],
      ],
      metadataHeader: [' ', 'n'],
    },
    TypeError,
    /\[0\] .*not ' '/,
  ],
  [
    'a short row',
    matrix,
    { metadata: [['a', 1], ['b']], metadataHeader: ['m', 'n'] },
    RangeError,
    /metadata\[1\] .*not 1/,
  ],
  [
    'a row that is none',
    matrix,
    { metadata: [['a', 1], 'b'], metadataHeader: ['m', 'n'] },
    TypeError,
    /metadata\[1\] .*'b'/,
  ],
  ['too few pictures', matrix, { labelImages: zeros(1, 2, 2) }, RangeError, /labelImages must be 2 pictures.*not 1/],
  [
    'a layout',
    matrix,
    { labelImages: zeros(2, 2, 2), labelImagesLayout: 'HWC' },
    TypeError,
    /labelImagesLayout .*'HWC'/,
  ],
  ['a huge sprite', matrix, { labelImages: zeros(2, 1, 4097) }, RangeError, /labelImages .*8192.*not 8194 x 2/],
];

test.each(badCalls)('%s: refused by name and value, nothing written', (_, matrix, options, errorClass, message) => {
  expectRefused((writer) => writer.addEmbedding(matrix, options as Options), errorClass, message);
});
