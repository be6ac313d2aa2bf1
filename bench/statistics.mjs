/** The middle of the values; of an even number, the mean of the middle two. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * An interval `[low, high]` that holds the true median with a probability of at least 95 %, whatever the distribution:
 * the order statistics that the binomial distribution names. Fewer than 6 values can't say so much: their smallest and largest.
 */
export function medianInterval(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  // The chance that exactly `below` of the values lie under the true median.
  let chance = 2 ** -count;
  let below = 0;
  while (2 * (outside + chance) <= 0.05) {
    outside += chance;
    chance *= (count - below) / (below + 1);
    below += 1;
  }
  const rank = Math.max(below - 1, 0);
  return [sorted[rank], sorted[count - 1 - rank]];
}

/**
 * Whether a ratio meets its target, as a row's `target` and `met`: where its whole interval lies on the good side. One that
 * holds the limit tells neither.
 */
export function verdict([low, high], sign, limit) {
  const target = `${sign} ${limit}`;
  if (low <= limit && limit <= high) return { target, met: 'not told apart' };
  return { target, met: sign === '≤' ? high < limit : low > limit };
}

/** The median of the values and its interval, as texts that `format` makes. */
export function summarize(values, format) {
  return { median: format(median(values)), interval: medianInterval(values).map(format).join(' to ') };
}
