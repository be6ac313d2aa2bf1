/**
 * Runs two pieces of work in turn, A B A B …, so that both meet the same machine, and returns the median of each one's
 * seconds and of the ratio A / B pair by pair.
 */
export function interleaved(a, b, pairs = 9) {
  const times = { a: [], b: [], ratio: [] };
  for (let pair = -1; pair < pairs; pair += 1) {
    const [secondsA, secondsB] = [seconds(a), seconds(b)];
    // The first pair warms up.
    if (pair < 0) continue;
    times.a.push(secondsA);
    times.b.push(secondsB);
    times.ratio.push(secondsA / secondsB);
  }
  return {
    a: median(times.a),
    b: median(times.b),
    ratio: median(times.ratio),
    ratios: times.ratio.toSorted((x, y) => x - y),
  };
}

function seconds(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function median(values) {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)];
}
