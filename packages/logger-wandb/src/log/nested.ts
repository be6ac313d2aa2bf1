type Nested = Record<string, unknown>;

/** Puts a value into nested objects, made where they are missing. Paths may come from a file: '__proto__' is a key like others. */
export function setAt(target: Nested, path: readonly string[], value: unknown): void {
  const parent = parentOf(target, path);
  const key = path.at(-1)!;
  if (key === '__proto__')
    Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
  else parent[key] = value;
}

/** Takes a value out of nested objects. */
export function deleteAt(target: Nested, path: readonly string[]): void {
  delete parentOf(target, path)[path.at(-1)!];
}

function parentOf(target: Nested, path: readonly string[]): Nested {
  let parent = target;
  for (let depth = 1; depth < path.length; depth++) {
    const name = path[depth - 1]!;
    const child = Object.hasOwn(parent, name) ? parent[name] : undefined;
    if (typeof child === 'object' && child !== null) {
      parent = child as Nested;
    } else {
      const fresh: Nested = {};
      setAt(parent, [name], fresh);
      parent = fresh;
    }
  }
  return parent;
}
