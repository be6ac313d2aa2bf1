import type { TableCell, TableValue } from '@microbatch/core/logger';
import { valueJsonText } from '../log/value-json.js';

const CELL_TYPES = ['number', 'string', 'boolean'];

/** A table's file, byte for byte as the Python client writes it: compact JSON, with bare NaN and Infinity. */
export function tableJson(table: TableValue): string {
  return valueJsonText({ columns: table.columns, data: table.rows });
}

/** Throws a `TypeError` that names the first thing that W&B's tables can't hold: rows of unequal length, other cells. */
export function assertTable(table: TableValue): void {
  const { columns, rows } = table;
  if (!Array.isArray(columns) || !columns.every((column) => typeof column === 'string')) {
    throw new TypeError('a table needs its columns as an array of names');
  }
  if (new Set(columns).size < columns.length) throw new TypeError("a table's columns need different names");
  if (!Array.isArray(rows)) throw new TypeError('a table needs its rows as an array of arrays');
  for (const [index, row] of rows.entries()) {
    if (!Array.isArray(row)) throw new TypeError(`row ${index} of the table is no array`);
    if (row.length !== columns.length) {
      throw new TypeError(`row ${index} of the table has ${row.length} cells for ${columns.length} columns`);
    }
    const column = (row as unknown[]).findIndex((cell) => !isCell(cell));
    if (column !== -1) {
      const what = typeof row[column];
      throw new TypeError(`row ${index} of the table holds a ${what} in column ${JSON.stringify(columns[column])}`);
    }
  }
}

function isCell(cell: unknown): cell is TableCell {
  return cell === null || CELL_TYPES.includes(typeof cell);
}
