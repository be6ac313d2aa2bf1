import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventLength, writeEvent } from '../src/encode-event.js';

const goldenPath = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));

/** What the golden files other than scalars.tfevents and tensors.tfevents were made of. */
export interface GoldenInputs {
  readonly wallTime: number;
  readonly scalars: readonly { readonly tag: string; readonly step: number; readonly value: number | string }[];
  readonly histograms: Readonly<Record<string, GoldenHistogram>>;
  readonly tensorflowHistograms: Readonly<Record<string, GoldenHistogram>>;
  readonly pytorchHistograms: Readonly<Record<string, GoldenHistogram>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly prCurves: Readonly<Record<string, GoldenPrCurve>>;
}

export interface GoldenHistogram {
  readonly values: readonly (number | string)[];
  readonly buckets?: number;
}

export interface GoldenPrCurve {
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly weights?: readonly number[];
  readonly thresholds?: number;
  readonly float32?: boolean;
}

export const goldenInputs: GoldenInputs = JSON.parse(readFileSync(goldenPath('summaries.json'), 'utf8'));

/** The events of a golden file in hex, without the first, which holds the format's version. */
export function goldenEvents(name: string): string[] {
  return hexEvents(readFileSync(goldenPath(name))).slice(1);
}

/** The events of an event file's bytes in hex. */
export function hexEvents(bytes: Buffer): string[] {
  const events: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    events.push(bytes.subarray(at + 12, at + 12 + length).toString('hex'));
    at += length + 16;
  }
  return events;
}

/** An event of the golden inputs' wall time in hex. */
export function encodedEvent(payload: Uint8Array, step: number): string {
  const bytes = new Uint8Array(eventLength(payload, step));
  writeEvent(bytes, new DataView(bytes.buffer), 0, payload, step, goldenInputs.wallTime);
  return Buffer.from(bytes).toString('hex');
}
