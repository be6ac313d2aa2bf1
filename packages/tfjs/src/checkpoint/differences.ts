const MOST = 3;

/** Says where two values of plain data differ, by path: `data.batchSize is 8, not 16`; nothing where they are equal. */
export function differences(now: unknown, before: unknown): string | undefined {
  const found: string[] = [];
  collect('', now, before, found);
  if (found.length === 0) return undefined;
  const more = found.length > MOST ? `, and ${found.length - MOST} more` : '';
  return found.slice(0, MOST).join(', ') + more;
}

function collect(path: string, now: unknown, before: unknown, found: string[]): void {
  if (Object.is(now, before)) return;
  if (isStructure(now) && isStructure(before) && Array.isArray(now) === Array.isArray(before)) {
    for (const key of new Set([...Object.keys(now), ...Object.keys(before)])) {
      collect(path === '' ? key : `${path}.${key}`, now[key], before[key], found);
    }
    return;
  }
  found.push(`${path} is ${text(now)}, not ${text(before)}`);
}

function isStructure(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string {
  if (value === undefined) return 'absent';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
