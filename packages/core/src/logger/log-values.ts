/** A distribution: raw values, or counts between edges (`edges.length === counts.length + 1`). */
export type HistogramValue =
  | { readonly kind: 'histogram'; readonly values: Float64Array | readonly number[] }
  | { readonly kind: 'histogram'; readonly counts: readonly number[]; readonly edges: readonly number[] };

/** An encoded PNG picture; sizes in pixels. */
export interface ImageValue {
  readonly kind: 'image';
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly caption?: string;
}

/** Text, markdown where the backend renders it. A bare string means the same. */
export interface TextValue {
  readonly kind: 'text';
  readonly text: string;
}

/** One cell of a table. */
export type TableCell = number | string | boolean | null;

/** Rows of equal length under named columns. */
export interface TableValue {
  readonly kind: 'table';
  readonly columns: readonly string[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** What `log()` takes for one key. Numbers may be NaN or ±Infinity. */
export type LogValue = number | string | HistogramValue | ImageValue | TextValue | TableValue;

/** The user's own values, by key. */
export type LogValues = Readonly<Record<string, LogValue>>;
