import { inspect } from 'node:util';
import type { TableCell, TableValue } from '@microbatch/core/logger';

/** A table in Markdown, each cell as it was given. Throws a `TypeError` where rows and columns don't fit. */
export function toMarkdown({ columns, rows }: TableValue): string {
  if (!Array.isArray(columns) || columns.length === 0) {
    throw new TypeError(`a table needs columns, not ${inspect(columns)}`);
  }
  if (!Array.isArray(rows)) throw new TypeError(`a table needs rows, not ${inspect(rows)}`);
  const wrong = rows.findIndex((row) => row?.length !== columns.length);
  if (wrong !== -1) {
    throw new TypeError(
      `row ${wrong} has ${rows[wrong]?.length ?? 'no'} cells, where the table has ${columns.length} columns`,
    );
  }
  const [header, ...body] = [columns, ...rows].map((cells) => line(cells.map(toCell)));
  return [header, line(columns.map(() => '---')), ...body].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function toCell(value: TableCell): string {
  if (value === null) return '';
  return String(value)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\`*_[\]|]/g, '\\$&')
    .replace(/\r\n?|\n/g, '<br>');
}
