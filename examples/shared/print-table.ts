/** Prints rows under their columns: texts to the left, numbers to the right, each with as many digits as its column says. */
export function printTable(
  columns: Readonly<Record<string, number>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): void {
  const names = Object.keys(columns);
  const cell = (name: string, value: unknown) =>
    typeof value === 'number' ? value.toLocaleString('en-US', digits(columns[name]!)) : String(value ?? '-');
  const cells = rows.map((row) => names.map((name) => cell(name, row[name])));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((line) => line[at]!.length)));
  const line = (texts: readonly string[], row?: Readonly<Record<string, unknown>>) =>
    texts
      .map((text, at) => {
        const isText = typeof (row ?? rows[0])?.[names[at]!] === 'string';
        return isText ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
      })
      .join('  ')
      .trimEnd();
  console.log(line(names));
  for (const [at, texts] of cells.entries()) console.log(line(texts, rows[at]));
}

function digits(count: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: count, maximumFractionDigits: count };
}
