/** What a line splitter hands on, in order. Lines are counted from 1. */
export interface LineListener {
  /** Bytes that belong to no record, as they came. */
  onText(bytes: Buffer): void;
  /** The beginning of a line of text, when that has ended: something may be wrong with it. */
  onTextLine(head: Buffer, number: number): void;
  /** A line that begins as a record does, whole, with its newline where it has one. */
  onRecord(bytes: Buffer, number: number): void;
  /** A line that begins as a record does, but is too long: its bytes are text, and its end is not told of. */
  onTooLong(number: number): void;
}

/** Cuts a stream of bytes into lines. */
export interface LineSplitter {
  take(chunk: Buffer): void;
  /** The stream is over. */
  end(): void;
}

const [NEWLINE, SPACE, TAB, BRACE] = [10, 32, 9, 123];
/** A record is a few hundred bytes; one with a picture may be megabytes. */
const MAX_RECORD = 16 * 1024 * 1024;
const MAX_HEAD = 4096;

/**
 * Hands on lines that begin with `{` whole, and all other bytes at once: a program's progress bar, which ends no line, must not
 * wait for its end.
 */
export function createLineSplitter(listener: LineListener): LineSplitter {
  let kind: 'unknown' | 'record' | 'text' | 'too-long' = 'unknown';
  /** Of a record, all so far; of what may yet be one, the space before it. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let head = Buffer.alloc(0);
  let number = 1;

  function takeHeld(): Buffer {
    const bytes = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return bytes;
  }

  function add(part: Buffer): void {
    held.push(part);
    heldBytes += part.length;
    if (kind === 'unknown') kind = kindOf(part);
    if (kind === 'record' && heldBytes > MAX_RECORD) {
      listener.onTooLong(number);
      kind = 'too-long';
    }
    if (kind === 'unknown' || kind === 'record') return;
    const bytes = takeHeld();
    if (kind === 'text' && head.length < MAX_HEAD)
      head = Buffer.concat([head, bytes.subarray(0, MAX_HEAD - head.length)]);
    listener.onText(bytes);
  }

  function close(): void {
    if (kind === 'record') listener.onRecord(takeHeld(), number);
    else if (kind === 'text') listener.onTextLine(head, number);
    else if (heldBytes > 0) listener.onText(takeHeld());
    kind = 'unknown';
    head = Buffer.alloc(0);
    number += 1;
  }

  return {
    take(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        add(chunk.subarray(from, at + 1));
        close();
        from = at + 1;
      }
      if (from < chunk.length) add(chunk.subarray(from));
    },
    end: close,
  };
}

function kindOf(part: Buffer): 'unknown' | 'record' | 'text' {
  const first = part.find((byte) => byte !== SPACE && byte !== TAB);
  if (first === undefined) return 'unknown';
  return first === BRACE ? 'record' : 'text';
}
