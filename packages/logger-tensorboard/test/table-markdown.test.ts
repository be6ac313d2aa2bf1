import { expect, test } from 'vitest';
import { toMarkdown } from '../src/table-markdown.js';

test('a table is a Markdown table', () => {
  const rows = [
    [3, true],
    ['7', null],
    [Number.NaN, ''],
  ];
  expect(toMarkdown({ kind: 'table', columns: ['digit', 'right'], rows })).toBe(
    ['| digit | right |', '| --- | --- |', '| 3 | true |', '| 7 |  |', '| NaN |  |'].join('\n'),
  );
});

test('cells show what was given, whatever it would mean in Markdown', () => {
  const cells = ['a|b', 'x\\|y', '*bold* _it_ `code`', '<b>&amp;', '[link](url)', 'two\r\nlines'];
  const table = toMarkdown({ kind: 'table', columns: ['c'], rows: cells.map((cell) => [cell]) });
  expect(table.split('\n').slice(2)).toEqual([
    '| a\\|b |',
    '| x\\\\\\|y |',
    '| \\*bold\\* \\_it\\_ \\`code\\` |',
    '| &lt;b>&amp;amp; |',
    '| \\[link\\](url) |',
    '| two<br>lines |',
  ]);
});

test.each([
  ['columns', { columns: [], rows: [] }, 'a table needs columns, not []'],
  ['columns', { rows: [] }, 'a table needs columns, not undefined'],
  ['rows', { columns: ['a'] }, 'a table needs rows, not undefined'],
  ['row', { columns: ['a', 'b'], rows: [[1, 2], [1]] }, 'row 1 has 1 cells, where the table has 2 columns'],
  ['row', { columns: ['a'], rows: [null] }, 'row 0 has no cells, where the table has 1 columns'],
])('a table of bad %s is refused', (_, table, message) => {
  expect(() => toMarkdown({ kind: 'table', ...table } as never)).toThrow(new TypeError(message));
});
