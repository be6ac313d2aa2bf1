/**
 * The path of the first object in `value` that is not frozen, as `.metrics`; '' for `value` itself; absent where all are.
 * Typed arrays can't be frozen and are passed over.
 */
export function firstUnfrozen(value: unknown, path = ''): string | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  if (!Object.isFrozen(value)) return path;
  for (const [key, item] of Object.entries(value)) {
    const found = firstUnfrozen(item, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
