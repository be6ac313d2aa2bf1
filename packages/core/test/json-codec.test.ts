import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../src/logger/base64.js';
import { decodeJson, encodeJson } from '../src/logger/json-codec.js';

const throughJson = (value: unknown) => decodeJson(JSON.parse(JSON.stringify(encodeJson(value))));

const key = fc.oneof(
  fc.string(),
  fc.constantFrom('$number', '$bytes', '$float64', '$$number', '$', '$$', '__proto__', 'ключ', '🔑'),
);
const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 5e-324, 2 ** 53));
const plainData = fc.letrec((tie) => ({
  data: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.float64Array(),
    fc.array(tie('data')),
    // Object.fromEntries: a literal with a key `__proto__` would set the prototype.
    fc.array(fc.tuple(key, tie('data'))).map(Object.fromEntries),
  ),
})).data;

describe('encodeJson and decodeJson', () => {
  it('bring any plain data through JSON unchanged', () => {
    fc.assert(
      fc.property(plainData, (data) => {
        expect(isDeepStrictEqual(throughJson(data), data)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('keep -0, which JSON.stringify loses', () => {
    expect(Object.is(throughJson(-0), -0)).toBe(true);
  });

  it('return the same object where nothing has to change', () => {
    const event = Object.freeze({ type: 'micro-batch', loss: 0.5, metrics: {}, tags: ['a', 1, null, true] });
    expect(encodeJson(event)).toBe(event);
  });

  it('write the documented forms', () => {
    const data = {
      loss: Number.NaN,
      rate: -Infinity,
      png: Uint8Array.of(0, 1, 2),
      values: Float64Array.of(0.5, NaN),
      $a: 1,
    };
    expect(encodeJson(data)).toEqual({
      loss: { $number: 'NaN' },
      rate: { $number: '-Infinity' },
      png: { $bytes: 'AAEC' },
      values: { $float64: [0.5, { $number: 'NaN' }] },
      $$a: 1,
    });
  });

  it("never take a user's object for a tag", () => {
    const lookalike = { $number: 'NaN' };
    expect(throughJson(lookalike)).toEqual(lookalike);
    expect(throughJson(encodeJson({ loss: Number.NaN }))).toEqual({ loss: { $number: 'NaN' } });
  });

  it('leave out what is undefined, as JSON does', () => {
    expect(throughJson({ a: undefined, b: Number.NaN })).toEqual({ b: Number.NaN });
  });

  it('take data of another realm', () => {
    const foreign = runInNewContext('({ a: { b: NaN }, bytes: new Uint8Array([1]) })');
    expect(encodeJson(foreign)).toEqual({ a: { b: { $number: 'NaN' } }, bytes: { $bytes: 'AQ==' } });
  });

  it.each([
    ['a Map', new Map(), /"value" holds a value of type Map/],
    ['a Date', new Date(0), /type Date/],
    ['a function', () => 0, /type function/],
    ['a bigint', 1n, /type bigint/],
    ['a symbol', Symbol('s'), /type symbol/],
    ['a Float32Array', new Float32Array(1), /type Float32Array/],
    ['a hole', [undefined], /type undefined/],
  ])('refuse %s by its key', (_, value, message) => {
    expect(() => encodeJson({ value })).toThrow(TypeError);
    expect(() => encodeJson({ value })).toThrow(message);
  });

  it.each([
    ['an unknown tag', { $date: 0 }],
    ['a tag beside another key', { a: 1, $number: 'NaN' }],
    ['a number that needs no tag', { $number: '1' }],
    ['bytes that are not base64', { $bytes: 'A' }],
    ['bytes that are not text', { $bytes: 1 }],
    ['a number that is none', { $float64: ['1'] }],
  ])('refuse %s on reading', (_, json) => {
    expect(() => decodeJson(json)).toThrow(SyntaxError);
  });
});

describe('base64', () => {
  it("writes what Node's Buffer writes, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40_000, size: 'max' }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(Buffer.compare(fromBase64(toBase64(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['A', 'AAA', 'AA=A', '====', 'A===', 'AA A', 'é+/=', '-_-_'])('refuses %j', (text) => {
    expect(() => fromBase64(text)).toThrow(SyntaxError);
  });
});
