/** Cells as lines of columns of equal width; numbers, which `isNumber` names, to the right. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  isNumber: (column: number) => boolean,
): string[] {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
