import type { TensorValue } from './tensor-value.js';

/** What happened to the process that wrote the file. */
export type SessionStatus = 'start' | 'stop' | 'checkpoint' | 'unspecified';

/** How many values lie between two edges. */
export interface HistogramBucket {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** One sound. */
export interface AudioClip {
  /** An encoded file, WAV as a rule. */
  readonly bytes: Uint8Array;
  /** Such as `'audio/wav'`. */
  readonly contentType: string;
  /** Markdown. */
  readonly label?: string;
}

/**
 * One value of a summary, whichever of TensorFlow's and PyTorch's ways it was stored in. Bytes and numbers are copies.
 *
 * `'tensor'` is what other plugins show: `hparams`, `pr_curves`, `mesh`, `custom_scalars`; `content` is the plugin's own
 * message. `'other'` stands for values without a tensor that can be decoded, as PyTorch's hparams are.
 */
export type SummaryValue =
  | { readonly kind: 'scalar'; readonly tag: string; readonly value: number }
  | { readonly kind: 'histogram'; readonly tag: string; readonly buckets: readonly HistogramBucket[] }
  /** `images` are encoded files, PNG as a rule, each of `width` by `height` pixels. */
  | {
      readonly kind: 'image';
      readonly tag: string;
      readonly width: number;
      readonly height: number;
      readonly images: readonly Uint8Array[];
    }
  | { readonly kind: 'audio'; readonly tag: string; readonly clips: readonly AudioClip[] }
  /** Markdown, row by row; `shape` is `[]` for one text, `[rows, columns]` for a table. */
  | {
      readonly kind: 'text';
      readonly tag: string;
      readonly shape: readonly number[];
      readonly texts: readonly string[];
    }
  | (PluginOwned & { readonly kind: 'tensor'; readonly tag: string; readonly tensor: TensorValue })
  | (PluginOwned & { readonly kind: 'other'; readonly tag: string });

/** Which plugin shows a value, as its file says with the tag's first value. */
export interface PluginOwned {
  readonly plugin?: string;
  /** The plugin's own settings of the tag, a protobuf message as a rule; left out where they are empty. */
  readonly content?: Uint8Array;
}

/** When and at which step something was written. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** A bigint beyond ±(2^53 - 1) only. */
  readonly step: number | bigint;
}

/**
 * One record of an event file. `graph` is an encoded `GraphDef` (tensorflow/core/framework/graph.proto). `'other'` stands
 * for the kinds that are not decoded: run metadata, log messages, what a file says of its writer.
 */
export type FileEvent =
  | (EventTime & { readonly kind: 'file-version'; readonly version: string })
  | (EventTime & { readonly kind: 'summary'; readonly values: readonly SummaryValue[] })
  | (EventTime & { readonly kind: 'graph'; readonly graph: Uint8Array })
  | (EventTime & { readonly kind: 'session'; readonly status: SessionStatus })
  | (EventTime & { readonly kind: 'other' });

/**
 * Why the reading of a file ended: `'end'` after its last byte, `'torn-record'` where the last record is not whole (its
 * writer is still at it, or died), `'aborted'` by the caller's signal; while a file is followed, `'deleted'` and
 * `'truncated'` where it was deleted or lost what had been read; the others where the file is damaged.
 */
export type StopReason =
  | 'end'
  | 'torn-record'
  | 'aborted'
  | 'deleted'
  | 'truncated'
  | 'length-crc'
  | 'data-crc'
  | 'record-too-large'
  | 'malformed-event';

/** Where and why the reading of a file ended. */
export interface StopInfo {
  readonly reason: StopReason;
  /** Bytes before the record that could not be read: all of them were read, and are sound. */
  readonly offset: number;
}
