import { assertBoolean, assertOptions, show } from '@microbatch/core/logger';
import { type JsonValue, valueJsonText } from '../log/value-json.js';
import { checkedConfigValue } from '../settings/checks.js';

/** What a run was made with. */
export interface RunConfig {
  /** A copy of it. */
  readonly values: Readonly<Record<string, unknown>>;
  /**
   * Adds values. Throws a `TypeError` that names the key for a value that has no JSON form, or that is another one than the
   * key has already, unless `allowValueChange`, as the Python client does.
   */
  update(values: Readonly<Record<string, unknown>>, options?: { readonly allowValueChange?: boolean }): void;
}

/** A sweep's parameters are `locked`: they stay, and `onLocked` is told. `onUpdate` gets what is new. */
export function createRunConfig(
  initial: Readonly<Record<string, JsonValue>>,
  options: {
    readonly locked: Readonly<Record<string, JsonValue>>;
    readonly onLocked: (key: string) => void;
    readonly onUpdate: (config: Readonly<Record<string, JsonValue>>) => void;
  },
): RunConfig {
  const { locked, onLocked, onUpdate } = options;
  const known = new Map(Object.entries(initial));

  return {
    get values() {
      return structuredClone(Object.fromEntries(known));
    },
    update(values, options = {}) {
      if (typeof values !== 'object' || values === null || Array.isArray(values)) {
        throw new TypeError(`config.update: the values must be an object, not ${show(values)}`);
      }
      assertOptions('config.update', options, ['allowValueChange']);
      const { allowValueChange = false } = options;
      assertBoolean('allowValueChange', allowValueChange);
      const changed: Record<string, JsonValue> = {};
      for (const [key, value] of Object.entries(values)) {
        if (value === undefined) continue;
        if (Object.hasOwn(locked, key)) {
          onLocked(key);
          continue;
        }
        const json = checkedConfigValue(key, value);
        const before = known.get(key);
        if (before !== undefined && valueJsonText(before) === valueJsonText(json)) continue;
        if (before !== undefined && !allowValueChange) {
          throw new TypeError(
            `config.${key} is ${valueJsonText(before)} and can't become ${valueJsonText(json)} without allowValueChange`,
          );
        }
        changed[key] = json;
      }
      if (Object.keys(changed).length === 0) return;
      onUpdate(changed);
      for (const [key, value] of Object.entries(changed)) known.set(key, value);
    },
  };
}
