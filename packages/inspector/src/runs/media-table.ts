/** What can be shown of a run beside its scalars. */
export type MediaKind = 'histogram' | 'image' | 'text' | 'table';

/** One logged value, which stays in its file until somebody looks at it. */
export interface MediaEntry {
  /** The row of the source's clocks. */
  readonly row: number;
  /** What the source finds it by. */
  readonly place: { readonly file: number; readonly offset: number; readonly length: number };
}

/** The values of one tag, in order. */
export interface MediaTag {
  readonly tag: string;
  readonly kind: MediaKind;
  readonly entries: readonly MediaEntry[];
}

/** What an entry holds once it is read. */
export type MediaContent =
  | { readonly kind: 'histogram'; readonly counts: readonly number[]; readonly edges: readonly number[] }
  | { readonly kind: 'image'; readonly images: readonly Uint8Array[]; readonly captions: readonly string[] }
  | { readonly kind: 'text'; readonly texts: readonly string[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (number | string | boolean | null)[])[];
    };

/** Where each value of a source lies. A tag has one kind, that of its first value. */
export class MediaTable {
  readonly #tags: Map<string, MediaTag & { readonly entries: MediaEntry[] }> = new Map();

  get tags(): ReadonlyMap<string, MediaTag> {
    return this.#tags;
  }

  add(tag: string, kind: MediaKind, entry: MediaEntry): void {
    let found = this.#tags.get(tag);
    if (found === undefined) {
      found = { tag, kind, entries: [] };
      this.#tags.set(tag, found);
    }
    if (found.kind === kind) found.entries.push(entry);
  }

  /** Takes away the entries of which `isGone` says true, from the end on. */
  cut(isGone: (row: number) => boolean): void {
    for (const { entries } of this.#tags.values()) {
      while (entries.length > 0 && isGone(entries.at(-1)!.row)) entries.pop();
    }
  }
}
