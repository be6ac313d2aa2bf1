import type { HParamValue } from 'tensorboard-writer';

/**
 * A run's config as hyper-parameters: nested keys joined by dots, lists as JSON. What is null or has no name is left
 * out: TensorBoard shows an empty cell for it.
 */
export function toHParams(config: Readonly<Record<string, unknown>>): Record<string, HParamValue> {
  const hparams = new Map<string, HParamValue>();

  function add(name: string, value: unknown): void {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      if (name !== '') hparams.set(name, value);
    } else if (Array.isArray(value)) {
      add(name, JSON.stringify(value));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) add(name === '' ? key : `${name}.${key}`, item);
    }
  }

  add('', config);
  return Object.fromEntries(hparams);
}
