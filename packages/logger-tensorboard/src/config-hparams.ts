import type { HParamValue } from 'tensorboard-writer';

/**
 * A run's config as hyper-parameters: nested keys joined by dots; arrays, typed ones too, and empty objects as JSON. Of two
 * that get one name, as `'a.b'` and `b` of `a`, the first keeps it, the next becomes `a.b (2)`. What is null or has no
 * name is left out: TensorBoard shows an empty cell for it.
 */
export function toHParams(config: Readonly<Record<string, unknown>>): Record<string, HParamValue> {
  const hparams = new Map<string, HParamValue>();

  function add(name: string, value: unknown): void {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      if (name !== '') hparams.set(freeName(name), value);
    } else if (typeof value === 'object' && value !== null) {
      const entries = Array.isArray(value) || ArrayBuffer.isView(value) ? [] : Object.entries(value);
      if (entries.length === 0) add(name, JSON.stringify(value, plainArrays));
      for (const [key, item] of entries) add(name === '' ? key : `${name}.${key}`, item);
    }
  }

  function freeName(name: string): string {
    let free = name;
    for (let count = 2; hparams.has(free); count++) free = `${name} (${count})`;
    return free;
  }

  add('', config);
  return Object.fromEntries(hparams);
}

/** For `JSON.stringify`, which takes a typed array for an object with a key for each element. */
function plainArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
}
