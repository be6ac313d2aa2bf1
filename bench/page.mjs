import { availableParallelism, cpus, loadavg } from 'node:os';

/** What the numbers were measured on, as a sentence: nothing that names the machine. */
export function describeMachine() {
  const load = loadavg()[0].toFixed(1);
  return (
    `${availableParallelism()} cores (${cpus()[0]?.model ?? process.arch}), ${process.platform}, Node ${process.versions.node}; ` +
    `load average ${load} before the first part; \`JSON.stringify\` of a row of 8 keys ran at ${stringifyRate().toFixed(2)} M/s.`
  );
}

/** The page of the results: of each part its title, what it is about, and of each run its command and rows. */
export function benchmarksPage(machine, results) {
  const sections = results.map(
    ({ title, about, runs }) => `## ${title}\n\n${about}\n\n${runs.map(table).join('\n\n')}`,
  );
  return `# Benchmarks

Written by \`npm run bench\`. Each part runs in a process of its own. Intervals hold the true median with a probability of
95 %. Targets are on the clock; the machine's other work counts too.

Machine: ${machine}

${sections.join('\n\n')}
`;
}

function table({ command, rows }) {
  const lines = rows.map(({ what, median, interval, ratio, target, met }) =>
    [what, median, interval ?? '', ratio ?? '', target ?? '', target === undefined ? '' : met ? 'yes' : '**no**'].join(
      ' | ',
    ),
  );
  const head = '| | median | interval | ratio | target | met |\n|---|---|---|---|---|---|';
  return `\`${command}\`\n\n${head}\n${lines.map((line) => `| ${line} |`).join('\n')}`;
}

// How fast this machine is at this moment, in a measure that others can take: the best of five.
function stringifyRate() {
  const row = {
    step: 0,
    samples: 8,
    epoch: 0.5,
    loss: 2.345678901,
    accuracy: 0.123456789,
    f1: 0.5,
    auc: 0.25,
    type: 'row',
  };
  const rates = [];
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    for (let at = 0; at < 200_000; at += 1) {
      row.step = at;
      JSON.stringify(row);
    }
    rates.push(200 / (performance.now() - began));
  }
  return Math.max(...rates);
}
