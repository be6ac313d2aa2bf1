import { queryObjects } from 'node:v8';
import { expect, test } from 'vitest';
import { createPointBuffer, type PutPoint } from '../src/point-buffer.js';

/** A picture that the heap can be asked for. */
class Png extends Uint8Array {}

/** Kept in memory, after a full collection. */
const pictures = () => queryObjects(Png, { format: 'count' });

/** Ten tags. A function of its own: the caller's stack must hold none of the pictures. */
function put(take: PutPoint, x: number): void {
  for (let at = 0; at < 10; at++) {
    const target = { id: `${x}/${at}`, name: `${x}/${at}`, folder: '', tag: `${x}/${at}`, kind: undefined };
    take(target, x, { kind: 'image', png: new Png(1), width: 1, height: 1 }, x);
  }
}

test('a value is let go of once it is written, also where the writing fails', () => {
  let isBroken = false;
  const buffer = createPointBuffer(() => {
    if (isBroken) throw new Error('disk');
  });
  put(buffer.hold, 1);
  expect(pictures()).toBe(10);
  buffer.flush();
  expect(pictures()).toBe(0);
  put(buffer.stage, 2);
  buffer.settle();
  expect(pictures()).toBe(0);
  isBroken = true;
  put(buffer.hold, 3);
  for (let left = 9; left >= 0; left--) {
    expect(() => buffer.flush()).toThrow('disk');
    expect(pictures()).toBe(left);
  }
});
