/** Whole numbers as people write them: `3`, `5–8, 12`, and so on; no more than five ranges. */
export function ranges(numbers: Iterable<number>): string {
  const spans: [from: number, to: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else spans.push([number, number]);
  }
  const shown = spans.slice(0, MAX_SPANS).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const rest = spans.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const MAX_SPANS = 5;
