import { createReadStream } from 'node:fs';

/** One line of a file, without its newline. */
export interface Line {
  readonly text: string;
  /** The bytes from the file's beginning to this line's end, its newline included where it has one. */
  readonly endOffset: number;
  /** Whether it has its newline. */
  readonly isEnded: boolean;
}

const NEWLINE = 10;
/** Of half of what a string can hold; without an end, a line of gigabytes would be kept in memory. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;

/**
 * The lines of a UTF-8 file, as many at a time as one read brings: to wait for each would cost more than to parse it.
 * Only `\n` ends a line: JSON text may hold every other line separator. The first line begins at byte `start`. Throws a
 * `RangeError` at a line of more than 256 MiB.
 */
export async function* readLines(path: string, start = 0): AsyncGenerator<readonly Line[]> {
  let offset = start;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of createReadStream(path, { start, highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at);
      const bytes = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      begunBytes = 0;
      from = at + 1;
      lines.push({ text: bytes.toString(), endOffset: offset + from, isEnded: true });
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    offset += chunk.length;
    if (lines.length > 0) yield lines;
    if (begunBytes > MOST_LINE_BYTES)
      throw new RangeError(`the line at byte ${offset - begunBytes} has no end in 256 MiB`);
  }
  if (begun.length > 0) yield [{ text: Buffer.concat(begun).toString(), endOffset: offset, isEnded: false }];
}
