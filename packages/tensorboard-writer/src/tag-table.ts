/** What is kept for each tag, found by the tag's UTF-8 bytes: making a string of every one would cost more than the rest. */
export class TagTable<T> {
  readonly #make: (tag: string) => T;
  readonly #byHash = new Map<number, Entry<T>[]>();
  #last: Entry<T> | undefined;

  /** `make` is called once for each tag, in the order of their first appearance. */
  constructor(make: (tag: string) => T) {
    this.#make = make;
  }

  /** What belongs to the tag `bytes[start, end)`. */
  get(bytes: Buffer, start: number, end: number): T {
    // Programs log their tags in the same order again and again.
    const guess = this.#last?.next;
    if (guess !== undefined && isSame(guess.tag, bytes, start, end)) {
      this.#last = guess;
      return guess.value;
    }
    const entry = this.#find(bytes, start, end);
    if (this.#last !== undefined) this.#last.next = entry;
    this.#last = entry;
    return entry.value;
  }

  #find(bytes: Buffer, start: number, end: number): Entry<T> {
    const hash = hashOf(bytes, start, end);
    let entries = this.#byHash.get(hash);
    if (entries === undefined) {
      entries = [];
      this.#byHash.set(hash, entries);
    }
    let entry = entries.find(({ tag }) => isSame(tag, bytes, start, end));
    if (entry === undefined) {
      const tag = new Uint8Array(bytes.subarray(start, end));
      entry = { tag, value: this.#make(bytes.toString('utf8', start, end)), next: undefined };
      entries.push(entry);
    }
    return entry;
  }
}

interface Entry<T> {
  readonly tag: Uint8Array;
  readonly value: T;
  next: Entry<T> | undefined;
}

function isSame(tag: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (tag.length !== end - start) return false;
  for (let i = 0; i < tag.length; i++) if (tag[i] !== bytes[start + i]) return false;
  return true;
}

/** FNV-1a. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}
