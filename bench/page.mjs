import { availableParallelism, cpus, loadavg } from 'node:os';

/** What the numbers were measured on, as a sentence: nothing that names the machine. */
export function describeMachine() {
  const load = loadavg()[0].toFixed(1);
  return (
    `${availableParallelism()} cores (${cpus()[0]?.model ?? process.arch}), ${process.platform}, Node ${process.versions.node}; ` +
    `load average ${load} before it; \`JSON.stringify\` of a row of 8 keys ran at ${stringifyRate().toFixed(2)} M/s.`
  );
}

const HEAD = `# Benchmarks

Written by \`npm run bench\`. Each part runs in a process of its own. Intervals hold the true median with a probability of
95 %. Targets are on the clock; the machine's other work counts too.
`;

/** The section of a part: its title, what it is about, what it was measured on, and of each run its command and rows. */
function benchmarksSection({ title, about, machine, runs }) {
  return `## ${title}\n\n${about}\n\nMachine: ${machine}\n\n${runs.map(table).join('\n\n')}\n`;
}

/** `page`, or a new one where it is empty, with the sections of the parts in `measured`; the others stay. In the order of `titles`. */
export function benchmarksPage(page, titles, measured) {
  const sections = new Map(
    page.split(/^(?=## )/m).map((section) => [/^## (.*)/.exec(section)?.[1], section.trimEnd()]),
  );
  for (const part of measured) sections.set(part.title, benchmarksSection(part).trimEnd());
  return `${[HEAD.trimEnd(), ...titles.flatMap((title) => sections.get(title) ?? [])].join('\n\n')}\n`;
}

function table({ command, rows }) {
  const lines = rows.map(({ what, median, interval, ratio, target, met }) =>
    [what, median, interval ?? '', ratio ?? '', target ?? '', target === undefined ? '' : metText(met)].join(' | '),
  );
  const head = '| | median | interval | ratio | target | met |\n|---|---|---|---|---|---|';
  return `\`${command}\`\n\n${head}\n${lines.map((line) => `| ${line} |`).join('\n')}`;
}

function metText(met) {
  if (typeof met === 'string') return met;
  return met ? 'yes' : '**no**';
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
