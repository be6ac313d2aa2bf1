import { expect, test } from 'vitest';
import { encodeText } from '../src/text.js';
import { encodedEvent, goldenEvents, goldenInputs } from './golden-events.js';

test('texts are byte for byte those of tf.summary.text', () => {
  const events = Object.entries(goldenInputs.texts).map(([tag, text]) => encodedEvent(encodeText(tag, text), 1));
  expect(events).toEqual(goldenEvents('tensorflow-text.tfevents'));
});

test.each([[undefined], [null], [7], [['a', 'b']], [new Uint8Array(2)]])('text %o is refused', (text) => {
  expect(() => encodeText('t', text as unknown as string)).toThrow(
    new TypeError(`text must be a string, not ${show(text)}`),
  );
});

test('a text with half a surrogate pair holds the replacement character in its place', () => {
  expect(encodeText('t', 'a\ud800b')).toEqual(encodeText('t', 'a\ufffdb'));
});

function show(value: unknown): string {
  if (value instanceof Uint8Array) return 'Uint8Array(2) [ 0, 0 ]';
  return Array.isArray(value) ? "[ 'a', 'b' ]" : String(value);
}
