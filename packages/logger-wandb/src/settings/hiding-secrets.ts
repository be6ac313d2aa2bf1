// A key of any server has 40 characters or more; a token has three parts.
const LIKE_A_KEY = /[\w-]{40,}|[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g;
const NAMED_LIKE_A_KEY = /key|token|secret|password/i;

/** Does work that checks what the user gave: an error that would show what could be a key, wherever it stood, hides it. */
export function hidingSecrets<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) error.message = hidden(error.message);
    throw error;
  }
}

/** A text with `[hidden]` for whatever could be a key. */
function hidden(text: string): string {
  return text.replace(LIKE_A_KEY, '[hidden]');
}

/** A text with `[key]` in the place of keys that are known. An empty one is none. */
export function withoutKeys(text: string, keys: readonly string[]): string {
  return keys.reduce((rest, key) => (key === '' ? rest : rest.replaceAll(key, '[key]')), text);
}

/** The options, with what may be a key under a misspelt name hidden: its error shows the value. */
export function withoutSecrets(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, NAMED_LIKE_A_KEY.test(name) ? '[hidden]' : value]),
  );
}
