import { createReadStream } from 'node:fs';

/** One line of a file, without its newline. */
export interface Line {
  readonly text: string;
  /** Whether a newline ends it: only a file's last line may lack one. */
  readonly whole: boolean;
  /** The bytes from the file's beginning to this line's end, its newline included. */
  readonly endOffset: number;
}

const NEWLINE = 10;

/** The lines of a UTF-8 file, as they are read. Only `\n` ends one: JSON text may hold every other line separator. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let endOffset = 0;
  let begun: Buffer[] = [];
  const takeLine = (whole: boolean): Line => {
    const text = Buffer.concat(begun).toString();
    begun = [];
    return { text, whole, endOffset };
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      begun.push(chunk.subarray(from, at));
      endOffset += at + 1 - from;
      from = at + 1;
      yield takeLine(true);
    }
    begun.push(chunk.subarray(from));
    endOffset += chunk.length - from;
  }
  if (begun.some(({ length }) => length > 0)) yield takeLine(false);
}
