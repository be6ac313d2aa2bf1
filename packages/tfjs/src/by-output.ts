import { show } from './option-checks.js';

/** One value for each output of a model: by position, by the output's name, or one for all of them. */
export type ByOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

/**
 * What an option says of each output, in the model's order; undefined where it names others. `isOne` tells a value for
 * all outputs. Throws a `TypeError` that names the option for a list of another length and a name that no output has.
 */
export function byOutput<T>(
  option: string,
  value: ByOutput<T>,
  outputs: readonly string[],
  isOne: (value: unknown) => boolean,
): readonly (T | undefined)[] {
  if (isOne(value)) return outputs.map(() => value as T);
  if (Array.isArray(value)) {
    if (value.length === outputs.length) return value;
    throw new TypeError(
      `${option} has ${value.length} entries, but the model has ${outputs.length} outputs: ${outputs.join(', ')}`,
    );
  }
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${option} must be by position or by name of an output, not ${show(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !outputs.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`${option} names '${unknown}', but the outputs of the model are ${outputs.join(', ')}`);
  }
  const named = value as Readonly<Record<string, T>>;
  return outputs.map((output) => named[output]);
}

/** Names of a model's outputs, each once: the outputs of one layer share its name. */
export function outputNames(names: readonly string[]): readonly string[] {
  return names.map((name, at) => {
    const before = names.slice(0, at).filter((other) => other === name).length;
    return before === 0 ? name : `${name}_${before}`;
  });
}
