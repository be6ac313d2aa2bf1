import { inspect } from 'node:util';
import { assertNumber } from './arguments.js';
import { encodeHParamValues, type HParamValue } from './hparam-value.js';
import { doubleField, message, presentField } from './message.js';

/** What values a hyper-parameter may take: one of a list, all of one type, or a number from `min` to `max`. */
export type HParamDomain =
  | readonly number[]
  | readonly string[]
  | readonly boolean[]
  | { readonly min: number; readonly max: number };

/** Refuses a domain that is not one of values of `type`. TensorBoard's page fails on numbers that are not finite. */
export function assertDomain(name: string, domain: unknown, type: string): asserts domain is HParamDomain {
  if (Array.isArray(domain)) {
    const wrong = domain.findIndex((value) => typeof value !== type || !isUsable(value));
    if (wrong !== -1) throw new TypeError(`${name}[${wrong}] must be a finite ${type}, not ${inspect(domain[wrong])}`);
    return;
  }
  if (domain === null || typeof domain !== 'object') {
    throw new TypeError(`${name} must be a list of values or { min, max }, not ${inspect(domain)}`);
  }
  const { min, max } = domain as { min: unknown; max: unknown };
  assertNumber(`${name}.min`, min);
  assertNumber(`${name}.max`, max);
  if (type !== 'number') throw new TypeError(`${name} must be a list of values, not ${inspect(domain)}`);
  if (!(Number.isFinite(min) && Number.isFinite(max) && min <= max)) {
    throw new RangeError(`${name} must be finite, with min <= max, not ${min} to ${max}`);
  }
}

function isUsable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}

/*
 * BYTES (tensorboard/plugins/hparams/api.proto; the two alternatives of a HParamInfo):
 *   HParamInfo   2a domain_discrete: ListValue   32 domain_interval: Interval
 *   Interval     09 min_value:f64   11 max_value:f64
 */
export function domainField(domain: HParamDomain): Uint8Array {
  if ('min' in domain) return presentField(6, message(doubleField(1, domain.min), doubleField(2, domain.max)));
  return presentField(5, encodeHParamValues(domain as readonly HParamValue[]));
}
