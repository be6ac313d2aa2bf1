/** What happened to the process that wrote the file. */
export type SessionStatus = 'start' | 'stop' | 'checkpoint' | 'unspecified';

/** One value of a summary. `'other'` stands for the kinds that are not decoded. */
export type SummaryValue =
  | { readonly kind: 'scalar'; readonly tag: string; readonly value: number }
  | { readonly kind: 'other'; readonly tag: string; readonly plugin?: string };

/** When and at which step something was written. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** A bigint beyond ±(2^53 - 1) only. */
  readonly step: number | bigint;
}

/** One record of an event file. `'other'` stands for the kinds that are not decoded: graphs, run metadata, log messages. */
export type FileEvent =
  | (EventTime & { readonly kind: 'file-version'; readonly version: string })
  | (EventTime & { readonly kind: 'summary'; readonly values: readonly SummaryValue[] })
  | (EventTime & { readonly kind: 'session'; readonly status: SessionStatus })
  | (EventTime & { readonly kind: 'other' });

/**
 * Why the reading of a file ended: `'end'` after its last byte, `'torn-record'` where the last record is not whole (its
 * writer is still at it, or died), the others where the file is damaged.
 */
export type StopReason = 'end' | 'torn-record' | 'length-crc' | 'data-crc' | 'record-too-large' | 'malformed-event';

/** Where and why the reading of a file ended. */
export interface StopInfo {
  readonly reason: StopReason;
  /** Bytes before the record that could not be read: all of them were read, and are sound. */
  readonly offset: number;
}
