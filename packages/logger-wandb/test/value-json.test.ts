import { describe, expect, it } from 'vitest';
import { type JsonValue, parseValueJson, toJsonValue, valueJsonText } from '../src/log/value-json.js';

describe('valueJsonText and parseValueJson', () => {
  const values: JsonValue[] = [
    0,
    -0,
    1e21,
    1e-7,
    5e-324,
    0.1 + 0.2,
    Number.NaN,
    Infinity,
    -Infinity,
    'NaN',
    'NaN_',
    '\\u004eaN',
    'a "quoted" \\ Infinity',
    '\u2028\ud800',
    null,
    true,
    [],
    {},
    [Number.NaN, 'NaN', { NaN: -Infinity, 'a.b/c': [Infinity, 'NaN_', ''] }],
    JSON.parse('{"__proto__": [1]}'),
  ];
  for (const value of values) {
    const text = valueJsonText(value);
    it(`keeps ${text}`, () => expect(parseValueJson(text)).toEqual(value));
  }

  it('writes numbers that JSON lacks as Python does', () => {
    expect(valueJsonText([Number.NaN, Infinity, -Infinity, -0, 2n ** 70n])).toBe(
      '[NaN,Infinity,-Infinity,-0.0,1180591620717411303424]',
    );
  });

  it('reads a string that only looks like the number', () => {
    expect(parseValueJson('["\\u004eaN",NaN]')).toEqual(['NaN', Number.NaN]);
  });
});

describe('toJsonValue', () => {
  it('converts what has a JSON form', () => {
    const value = {
      date: new Date(Date.UTC(2024, 0, 2)),
      set: new Set([1, 2]),
      map: new Map([['k', new Map([[3, 'x']])]]),
      array: Float32Array.of(0.5, 2),
      longs: BigInt64Array.of(5n),
      holes: [1, undefined],
      absent: undefined,
      function: function named() {},
    };
    expect(toJsonValue(value)).toEqual({
      date: '2024-01-02T00:00:00.000Z',
      set: [1, 2],
      map: { k: { 3: 'x' } },
      array: [0.5, 2],
      longs: [5n],
      holes: [1, null],
      function: 'named',
    });
  });

  it('takes an object twice, but not inside itself', () => {
    const shared = { a: 1 };
    expect(toJsonValue([shared, shared])).toEqual([shared, shared]);
    const cycle: Record<string, unknown> = { shared };
    cycle.list = [cycle];
    expect(() => toJsonValue(cycle)).toThrow(/holds itself/);
  });

  it.each([
    ['a symbol', Symbol('s'), /symbol/],
    ['undefined', undefined, /undefined/],
    ['an invalid date', new Date(Number.NaN), /date/],
    ['deep nesting', Array.from({ length: 200 }).reduce((inner) => [inner], 1), /deeper than 100/],
  ])('refuses %s', (_name, value, message) => {
    expect(() => toJsonValue(value)).toThrow(message);
    expect(() => toJsonValue(value)).toThrow(TypeError);
  });
});
