import { expect, it } from 'vitest';
import { plural } from '../src/plural.js';

it('has a count and what is counted agree', () => {
  expect([0, 1, 2, 1234].map((count) => plural(count, 'row'))).toEqual(['0 rows', '1 row', '2 rows', '1,234 rows']);
  expect([1, 2].map((count) => plural(count, 'batch', 'batches'))).toEqual(['1 batch', '2 batches']);
});
