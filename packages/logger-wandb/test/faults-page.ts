import { type FaultCase, type Outcome, ROWS } from './faults-trial.js';

export interface Played {
  readonly one: FaultCase;
  readonly outcome: Outcome;
}

const COMMANDS = {
  nothing: 'nothing to do',
  'the run': '`run-*`: `syncRun()`',
  'a fragment': '`offline-run-*`: `wandb sync` or `syncRun()`',
};

/** What docs/wandb-faults.md has to say, of cases by heading. */
export function faultsPage(sections: Readonly<Record<string, readonly Played[]>>): string {
  const tables = Object.entries(sections).map(([heading, played]) => {
    const rows = played.map(row);
    return `## ${heading}\n${HEAD}\n${rows.join('\n')}`;
  });
  return `${TOP}\n${tables.join('\n\n')}\n`;
}

const TOP = `# W&B runs under faults

Each line is a program of its own that logs 10,000 rows by \`startRun()\`, or by \`wandb()\` as a logger, in mode \`'online'\`;
the process that uploads them beside it; and a server that counts. While the rows are logged, something goes wrong. Where
that leaves something to do, it is done, and the table has what the server then holds: the rows, how many of them twice,
breaks of the protocol (gaps, lines that change, posts after the end), and the run's exit code. A row counts where its values
are those that were logged as its step. \`5,000, then 10,000\` is before and after. The uploader's clock goes 100 times as fast
(500 times for posts that hang), so that time limits and waits of minutes pass in seconds.

A fragment, an \`offline-run-*\` folder, is made when the server refuses more: it holds what the server lacks. wandb before
0.28.1 needs \`wandb sync --append\` for it: without that it begins at the server's first row. A \`run-*\` folder is finished by \`syncRun(folder)\`, which asks the server what it has. Where nothing is left to do, the uploader has brought
everything to the server by itself, also after its program was gone.

This page is written by \`node scripts/write-wandb-faults.mjs\`; \`npm test\` fails where it is out of date. The official
\`wandb sync\` finishes the same fragments in \`npm run test:interop\`, where waits are as long as they are.
`;
const HEAD = `| fault | by | rows logged | rows on the server | doubled | anomalies | exit code | left on disk |
|---|---|---:|---:|---:|---:|---:|---|`;

function row({ one, outcome }: Played): string {
  const { before, after, left } = outcome;
  const rows = one.expected?.text ?? shown(after.rows);
  const first = one.firstRows === undefined ? 'a part' : shown(before.rows);
  return `| ${[
    one.fault,
    `\`${one.api ?? 'startRun'}()\``,
    shown(ROWS),
    left.what === 'nothing' ? rows : `${first}, then ${rows}`,
    before.doubled + after.doubled,
    before.anomalies.length + after.anomalies.length,
    after.exitCodes.join(', '),
    COMMANDS[left.what],
  ].join(' | ')} |`;
}

function shown(count: number): string {
  return count.toLocaleString('en-US');
}
