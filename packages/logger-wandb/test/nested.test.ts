import { expect, it } from 'vitest';
import { deleteAt, setAt } from '../src/log/nested.js';

it('sets and deletes inside objects, which take the place of what is none', () => {
  const target: Record<string, unknown> = { a: 1 };
  setAt(target, ['a', 'b'], 2);
  setAt(target, ['a', 'c.d/e'], 3);
  expect(target).toEqual({ a: { b: 2, 'c.d/e': 3 } });
  deleteAt(target, ['a', 'b']);
  expect(target).toEqual({ a: { 'c.d/e': 3 } });
});

it('leaves the prototype of everything alone, whatever a file calls its keys', () => {
  const target: Record<string, unknown> = {};
  setAt(target, ['__proto__', 'polluted'], 1);
  setAt(target, ['constructor', 'prototype', 'polluted'], 1);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  expect(Object.keys(target)).toEqual(['__proto__', 'constructor']);
});
