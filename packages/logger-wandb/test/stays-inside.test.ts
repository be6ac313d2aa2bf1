import { join } from 'node:path';
import { expect, it } from 'vitest';
import { staysInside } from '../src/files/stays-inside.js';

it.each(['a', 'a/b', '.', 'a/..', 'a/../b', '..a', '...', 'a/..b', ''])('%j stays inside of its folder', (path) => {
  expect(staysInside(path)).toBe(true);
  expect(join('/folder', path)).toMatch(/^\/folder($|\/)/);
});

it.each(['..', '../', '../a', 'a/../..', 'a/../../b', './..', '/', '/a', '/folder/a'])('%j does not', (path) => {
  expect(staysInside(path)).toBe(false);
});
