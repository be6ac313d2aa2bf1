/**
 * Runs two ways of doing the same in turn, so that both meet the same machine; the order alternates, so that neither
 * always meets the other's garbage. The first pair warms up. Returns the pairs: for each way `clock`, the seconds that
 * passed, and `processor`, the processor's seconds, which a busy machine disturbs less.
 */
export async function interleaved(a, b, pairs) {
  const measured = [];
  for (let pair = -1; pair < pairs; pair += 1) {
    const taken = new Map();
    for (const way of pair % 2 === 0 ? [a, b] : [b, a]) taken.set(way, await seconds(way));
    if (pair >= 0) measured.push({ a: taken.get(a), b: taken.get(b) });
  }
  return measured;
}

/**
 * Runs several ways in turn, each round beginning with another, for the same reasons; the first round warms up. Returns
 * the rounds: for each way, in the order given, its `clock` and `processor`.
 */
export async function inRounds(ways, rounds) {
  const measured = [];
  for (let round = -1; round < rounds; round += 1) {
    const taken = [];
    for (let turn = 0; turn < ways.length; turn += 1) {
      const at = (turn + round + 1) % ways.length;
      taken[at] = await seconds(ways[at]);
    }
    if (round >= 0) measured.push(taken);
  }
  return measured;
}

async function seconds(way) {
  const [begin, processor] = [performance.now(), process.cpuUsage()];
  await way();
  const clock = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { clock, processor: (user + system) / 1e6 };
}
