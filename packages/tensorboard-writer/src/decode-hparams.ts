import type { HParamValue } from './hparam-value.js';
import type { HParamsStatus } from './hparams.js';
import { MalformedError, WireReader } from './wire.js';

/** What one value of the hparams plugin says. Times in seconds since 1970. */
export type HParamsRecord =
  | {
      readonly kind: 'start';
      readonly hparams: Readonly<Record<string, HParamValue>>;
      readonly groupName: string;
      /** 0 where it is not told. */
      readonly startTime: number;
    }
  | { readonly kind: 'end'; readonly status: HParamsStatus; readonly endTime: number }
  | { readonly kind: 'experiment' };

const STATUSES: readonly HParamsStatus[] = ['unknown', 'success', 'failure', 'running'];

/**
 * Decodes the `content` of a value whose `plugin` is `hparams` (BYTES: `hparams.ts`); undefined where it is none of the three
 * kinds, or damaged.
 */
export function decodeHParams(content: Uint8Array): HParamsRecord | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  try {
    const wire = new WireReader(bytes, 0, bytes.length);
    while (wire.next()) {
      if (wire.is(2, 2)) return { kind: 'experiment' };
      if (wire.is(3, 2)) return decodeStart(bytes, wire.message(), wire.at);
      if (wire.is(4, 2)) return decodeEnd(bytes, wire.message(), wire.at);
      wire.skip();
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return undefined;
}

function decodeStart(bytes: Buffer, start: number, end: number): HParamsRecord {
  const wire = new WireReader(bytes, start, end);
  const hparams = new Map<string, HParamValue>();
  let groupName = '';
  let startTime = 0;
  while (wire.next()) {
    if (wire.is(1, 2)) {
      const entry = new WireReader(bytes, wire.message(), wire.at);
      let key = '';
      let value: HParamValue | undefined;
      while (entry.next()) {
        if (entry.is(1, 2)) key = entry.string();
        else if (entry.is(2, 2)) value = decodeValue(bytes, entry.message(), entry.at);
        else entry.skip();
      }
      if (value !== undefined) hparams.set(key, value);
    } else if (wire.is(4, 2)) groupName = wire.string();
    else if (wire.is(5, 1)) startTime = wire.double();
    else wire.skip();
  }
  return { kind: 'start', hparams: Object.fromEntries(hparams), groupName, startTime };
}

function decodeEnd(bytes: Buffer, start: number, end: number): HParamsRecord {
  const wire = new WireReader(bytes, start, end);
  let status = 0;
  let endTime = 0;
  while (wire.next()) {
    if (wire.is(1, 0)) status = wire.uint32();
    else if (wire.is(2, 1)) endTime = wire.double();
    else wire.skip();
  }
  return { kind: 'end', status: STATUSES[status] ?? 'unknown', endTime };
}

/** A number, a string or a boolean of `google.protobuf.Value`. */
function decodeValue(bytes: Buffer, start: number, end: number): HParamValue | undefined {
  const wire = new WireReader(bytes, start, end);
  let value: HParamValue | undefined;
  while (wire.next()) {
    if (wire.is(2, 1)) value = wire.double();
    else if (wire.is(3, 2)) value = wire.string();
    else if (wire.is(4, 0)) value = wire.uint32() !== 0;
    else wire.skip();
  }
  return value;
}
