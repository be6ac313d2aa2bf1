import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withEmbedding } from '../src/projector-config.js';
import { quoteText, readTextFields, unquoteText } from '../src/text-proto.js';
import { mediaGolden } from './media-golden.js';

test("a config is what protobuf's text format makes of it", () => {
  const first = withEmbedding('', {
    tensorName: 'default:00000',
    tensorPath: '00000/default/tensors.tsv',
    metadataPath: '00000/default/metadata.tsv',
    sprite: { imagePath: '00000/default/sprite.png', width: 5, height: 4 },
  });
  const both = withEmbedding(first, { tensorName: 'a"b\\c\n:00012', tensorPath: '00012/x/tensors.tsv' });
  expect(both).toBe(mediaGolden.projector);
});

test('adding an embedding again changes nothing, whatever its name', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (names) => {
      const add = (config: string) =>
        names.reduce((config, tensorName) => withEmbedding(config, { tensorName, tensorPath: 'p' }), config);
      const config = add('');
      expect(readTextFields(config)).toHaveLength(new Set(names).size);
      expect(add(config)).toBe(config);
    }),
    { numRuns: 40 },
  );
});

test('strings come back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(unquoteText(quoteText(text))).toBe(text);
    }),
  );
  expect(unquoteText(String.raw`"\303\251\x41\101" '\a\'\?"'`)).toBe('éAA\x07\'?"');
});
