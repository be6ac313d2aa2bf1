/**
 * Whether two numbers are equal, or differ by at most `tolerance` × `scale`. NaN is equal to itself, an infinity to
 * nothing else.
 */
export function sameNumber(
  a: number,
  b: number,
  tolerance = 0,
  scale: number = Math.max(Math.abs(a), Math.abs(b)),
): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= tolerance * scale;
}

/** Whether two values of plain data are equal all the way down, their numbers by `sameNumber`. */
export function sameValue(a: unknown, b: unknown, tolerance = 0): boolean {
  if (typeof a === 'number' && typeof b === 'number') return sameNumber(a, b, tolerance);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  const items = Object.entries(a);
  const others = new Map(Object.entries(b));
  return (
    items.length === others.size &&
    items.every(([key, item]) => others.has(key) && sameValue(item, others.get(key), tolerance))
  );
}
