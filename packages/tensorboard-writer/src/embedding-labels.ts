import { inspect } from 'node:util';

/** What a point is labelled with. */
export type EmbeddingLabel = string | number;

/**
 * The lines of the projector's `metadata.tsv`: one for each of `count` points, after the `header` where there are several
 * columns. Tabs and line ends are written as `\t`, `\n`, `\r`. Throws a `TypeError` or `RangeError` that names the argument.
 */
export function embeddingLabelLines(
  metadata: readonly (EmbeddingLabel | readonly EmbeddingLabel[])[],
  header: readonly string[] | undefined,
  count: number,
): string[] {
  if (!Array.isArray(metadata)) throw new TypeError(`metadata must be an array, not ${inspect(metadata)}`);
  if (metadata.length !== count) {
    throw new RangeError(`metadata must have ${count} labels, one for each row of matrix, not ${metadata.length}`);
  }
  if (header === undefined) return metadata.map((label, at) => line([label], `metadata[${at}]`));
  assertHeader(header);
  const rows = metadata.map((row, at) => {
    const name = `metadata[${at}]`;
    if (!Array.isArray(row)) throw new TypeError(`${name} must be an array like metadataHeader, not ${inspect(row)}`);
    if (row.length !== header.length) {
      throw new RangeError(`${name} must have ${header.length} columns, as metadataHeader, not ${row.length}`);
    }
    return line(row, name);
  });
  return [line(header, 'metadataHeader'), ...rows];
}

function assertHeader(header: readonly string[]): void {
  if (!Array.isArray(header)) throw new TypeError(`metadataHeader must be an array, not ${inspect(header)}`);
  // TensorBoard tells a header from labels by its tab.
  if (header.length < 2) {
    throw new RangeError(`metadataHeader must name at least 2 columns, not ${header.length}: one column has no header`);
  }
  const wrong = header.findIndex(
    (name, at) => typeof name !== 'string' || name.trim() === '' || header.indexOf(name) !== at,
  );
  if (wrong !== -1) {
    throw new TypeError(`metadataHeader[${wrong}] must be a name of its own, not ${inspect(header[wrong])}`);
  }
}

function line(labels: readonly unknown[], name: string): string {
  const cells = labels.map((label) => {
    if (typeof label !== 'string' && typeof label !== 'number') {
      throw new TypeError(`${name} must be a string or number, not ${inspect(label)}`);
    }
    return String(label).replace(/[\t\n\r]/g, (character) => JSON.stringify(character).slice(1, -1));
  });
  const text = cells.join('\t');
  // TensorBoard skips blank lines, and every label after one would belong to the wrong point: a space of no width stays.
  return text.trim() === '' ? `\u200b${text}` : text;
}
