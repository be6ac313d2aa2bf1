import { expect, test } from 'vitest';
import { encodeCustomScalars } from '../src/custom-scalars.js';
import { encodedEvent, goldenEvents } from './golden-events.js';

const layout = {
  losses: {
    both: { multiline: ['loss/train', 'loss/valid'] },
    bounds: { margin: { value: 'mean', lower: 'low', upper: 'high' } },
  },
  accuracy: { all: { multiline: ['accuracy/.*'] } },
} as const;

test("a layout is byte for byte that of PyTorch's add_custom_scalars", () => {
  const [wanted] = goldenEvents('torch-custom-scalars.tfevents');
  expect(encodedEvent(encodeCustomScalars(layout), 0)).toBe(wanted);
});

test('a folded category differs in one flag, and a band may have company', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const title = `0a08${Buffer.from('accuracy').toString('hex')}`;
  const open = hex(encodeCustomScalars({ accuracy: {} }));
  const closed = hex(encodeCustomScalars({ accuracy: {} }, { closed: ['accuracy'] }));
  expect(open).toContain(`120a${title}4a`);
  expect(closed).toContain(`120c${title}18014a`);
  const series = { value: 'v', lower: 'l', upper: 'u' };
  const two = hex(encodeCustomScalars({ c: { t: { margin: [series, series] } } }));
  expect(two).toContain('1a160a090a017612016c1a01750a090a017612016c1a0175');
});

test.each<[string, unknown, unknown, string]>([
  ['layout', null, {}, 'layout must be an object of categories, not null'],
  ['category', { c: 1 }, {}, 'layout["c"] must be an object of charts, not 1'],
  ['chart', { c: { t: ['Multiline', ['a']] } }, {}, 'layout["c"]["t"] must be an object of either multiline or margin'],
  ['chart', { c: { t: {} } }, {}, 'layout["c"]["t"] must have either multiline or margin, not {}'],
  ['multiline', { c: { t: { multiline: [] } } }, {}, 'layout["c"]["t"].multiline must be a list of tags, not []'],
  ['tag', { c: { t: { multiline: ['a', ''] } } }, {}, 'layout["c"]["t"].multiline[1] must not be empty'],
  ['margin', { c: { t: { margin: [] } } }, {}, 'layout["c"]["t"].margin must be a list of series, not []'],
  [
    'series',
    { c: { t: { margin: 'a' } } },
    {},
    'layout["c"]["t"].margin[0] must be an object of value, lower and upper',
  ],
  [
    'bound',
    { c: { t: { margin: { value: 'v', lower: 'l' } } } },
    {},
    '.margin[0].upper must be a string, not undefined',
  ],
  ['closed', { c: {} }, { closed: 'c' }, "closed must be a list of categories, not 'c'"],
  ['closed', { c: {} }, { closed: ['d'] }, "closed has 'd', which is no category of layout"],
])('a bad %s is named with its value', (_, bad, options, message) => {
  expect(() => encodeCustomScalars(bad as never, options as never)).toThrow(message);
});
