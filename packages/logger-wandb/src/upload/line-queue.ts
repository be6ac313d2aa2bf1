/** Lines in a row, counted from the log's first. */
export interface LineBatch {
  readonly index: number;
  readonly lines: readonly string[];
}

/** The lines of one file that wait for the server, numbered as the log gives them. */
export interface LineQueue {
  /** Lines that the log has given so far. */
  readonly total: number;
  /** Lines that the server has, or that were there already. */
  readonly acknowledged: number;
  readonly waiting: number;
  /** Characters of the lines that wait. */
  readonly size: number;
  push(line: string): void;
  /** The first lines that wait, up to `maxSize` characters but at least one; they go on waiting. */
  batch(maxSize: number): LineBatch;
  /** The server has all lines before `count`. */
  acknowledge(count: number): void;
}

/** An empty queue, before the log's first line. */
export function createLineQueue(): LineQueue {
  let lines: string[] = [];
  let total = 0;
  let acknowledged = 0;
  let size = 0;

  return {
    get total() {
      return total;
    },
    get acknowledged() {
      return acknowledged;
    },
    get waiting() {
      return lines.length;
    },
    get size() {
      return size;
    },
    push(line) {
      if (total++ < acknowledged) return;
      lines.push(line);
      size += line.length;
    },
    batch(maxSize) {
      let count = 0;
      for (let taken = 0; count < lines.length; count++) {
        taken += lines[count]!.length;
        if (taken > maxSize && count > 0) break;
      }
      return { index: acknowledged, lines: lines.slice(0, count) };
    },
    acknowledge(count) {
      if (count <= acknowledged) return;
      const gone = lines.slice(0, count - acknowledged);
      for (const line of gone) size -= line.length;
      lines = lines.slice(gone.length);
      acknowledged = count;
    },
  };
}
