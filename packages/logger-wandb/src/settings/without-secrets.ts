import { keyProblem } from './api-key.js';

/** The options, with what may be a key under a misspelt name hidden: its error shows the value. */
export function withoutSecrets(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => {
      const isSecret = /key|token|secret|password/i.test(name) || (typeof value === 'string' && !keyProblem(value));
      return [name, isSecret ? '[hidden]' : value];
    }),
  );
}
