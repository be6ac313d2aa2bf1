import { median, medianInterval, summarize } from './statistics.mjs';

/** Hands the rows of a part to `run.mjs`, and prints them where the part runs alone. */
export function report(rows) {
  if (process.send !== undefined) process.send(rows);
  else console.log(rows.map(rowText).join('\n'));
}

/** A row as one line of text. */
export function rowText({ what, median, interval, ratio, target, met }) {
  const verdict =
    target === undefined ? '' : `; target ${target}: ${typeof met === 'string' ? met : met ? 'met' : 'NOT MET'}`;
  const spread = interval === undefined ? '' : ` (${interval})`;
  return `${what}: ${median}${spread}${ratio === undefined ? '' : `; ratio ${ratio}`}${verdict}`;
}

/**
 * The rows of two ways that ran in `pairs`: the microseconds of each, `units` of them a run, and the ratio `a` / `b` pair by
 * pair, on the clock and of processor time. The ratio on the clock must be at most `limit`, where there is one.
 */
export function pairRows(pairs, { a, b, units, limit }) {
  const each = (side) =>
    summarize(
      pairs.map((pair) => (pair[side].clock / units) * 1e6),
      microseconds,
    );
  const ratios = (kind) => pairs.map((pair) => pair.a[kind] / pair.b[kind]);
  const ratio = (kind) => ratioText(ratios(kind));
  return [
    {
      what: a,
      ...each('a'),
      ratio: ratio('clock'),
      ...(limit === undefined ? {} : { target: `≤ ${limit}`, met: median(ratios('clock')) <= limit }),
    },
    { what: b, ...each('b'), ratio: '1' },
    { what: 'The ratio in processor time', median: `${pairs.length} pairs`, ratio: ratio('processor') },
  ];
}

/** The median of ratios, and its interval. */
export function ratioText(ratios) {
  const [low, high] = medianInterval(ratios).map((value) => value.toFixed(3));
  return `${median(ratios).toFixed(3)} (${low} to ${high})`;
}

/**
 * A row of our rates, and one of each other program's: `{ what, skipped, rates, target }`, the target optional. The ratio is
 * of the medians; its interval goes from our lowest to their highest and the other way round.
 */
export function comparedRows({ what, rates }, others, format) {
  const ours = medianInterval(rates);
  const rows = others.map((other) => {
    if (other.skipped !== undefined) return { what: other.what, median: other.skipped };
    const theirs = medianInterval(other.rates);
    const ratio = median(rates) / median(other.rates);
    const [low, high] = [ours[0] / theirs[1], ours[1] / theirs[0]].map((value) => value.toFixed(0));
    return {
      what: other.what,
      ...summarize(other.rates, format),
      ratio: `${ratio.toFixed(0)} (${low} to ${high})`,
      ...(other.target === undefined ? {} : { target: `≥ ${other.target}`, met: ratio >= other.target }),
    };
  });
  return [{ what, ...summarize(rates, format), ratio: '1' }, ...rows];
}

function microseconds(value) {
  return value < 100 ? `${value.toFixed(2)} µs` : `${(value / 1000).toFixed(2)} ms`;
}
