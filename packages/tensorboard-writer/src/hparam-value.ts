import { inspect } from 'node:util';
import { assertRecord, assertTag } from './arguments.js';
import { message, presentDoubleField, presentField } from './message.js';

/** What a hyper-parameter can be. TensorBoard shows a number that is not finite as an empty cell. */
export type HParamValue = number | string | boolean;

/** Refuses names and values that the hparams table cannot hold. */
export function assertHParams(
  name: string,
  hparams: unknown,
): asserts hparams is Readonly<Record<string, HParamValue>> {
  assertRecord(name, hparams, 'numbers, strings and booleans');
  for (const [key, value] of Object.entries(hparams)) {
    assertTag(`a key of ${name}`, key);
    if (!['number', 'string', 'boolean'].includes(typeof value)) {
      throw new TypeError(
        `${name}[${JSON.stringify(key)}] must be a number, a string or a boolean, not ${inspect(value)}`,
      );
    }
  }
}

/*
 * BYTES (google/protobuf/struct.proto; of several alternatives, the one that is there is written also where it is 0):
 *   Value   11 number_value:f64   1a string_value   20 bool_value
 */
export function encodeHParamValue(value: HParamValue): Uint8Array {
  if (typeof value === 'number') return presentDoubleField(2, value);
  if (typeof value === 'string') return presentField(3, Buffer.from(value));
  return Uint8Array.of(0x20, value ? 1 : 0);
}

/** A `ListValue`. */
export function encodeHParamValues(values: readonly HParamValue[]): Uint8Array {
  return message(...values.map((value) => presentField(1, encodeHParamValue(value))));
}
