const MOST_CHARACTERS = 2000;
const MOST_LEVELS = 20;

/** A config's leaves by dotted name, as text; at most `most` of them. */
export function flatConfig(config: Readonly<Record<string, unknown>>, most: number): Readonly<Record<string, string>> {
  const flat = new Map<string, string>();

  function add(name: string, value: unknown, level: number): void {
    if (flat.size >= most) return;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
    const entries = isObject && level < MOST_LEVELS ? Object.entries(value) : [];
    if (entries.length === 0) flat.set(name, textOf(value));
    for (const [key, item] of entries) add(name === '' ? key : `${name}.${key}`, item, level + 1);
  }

  if (Object.keys(config).length > 0) add('', config, 0);
  return Object.fromEntries(flat);
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
