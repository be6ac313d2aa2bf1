import { plural } from '../plural.js';
import type { Finding, Place } from '../verify/finding.js';
import type { CheckedSource, RunReport, VerifyReport } from '../verify/report.js';
import { verify } from '../verify/verify.js';
import { type CommonOptions, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { createOutput, type Output } from './output.js';
import { printable } from './printable.js';
import { createProgress } from './progress.js';

const HELP = `
Recomputes every accumulated loss from its micro-batches (Σ weight·loss / normalizer), and checks the journal, the W&B log
and the TensorBoard files of one run against each other: counts, steps, every value on its axis, gaps, duplicates, order,
torn files, missing windows, clocks. A run that is still being written, or was killed, is checked as far as it goes; one that
goes on from checkpoints, through all its processes. Each finding names its file, place, and what was expected and found.

Exit codes: 0 nothing is wrong; 1 there are faults; 2 there is no run.

Examples:
  $ microbatch verify                                  all runs at and below this folder
  $ microbatch verify runs/a runs/b/digits.microbatch.jsonl
  $ microbatch verify runs --json | jq '.runs[].findings[]'`;

/** `microbatch verify`. */
export const addVerify: Subcommand = (program, context) => {
  withCommonOptions(program.command('verify'))
    .description('Recomputes every logged loss and checks the files of a run against each other.')
    .argument('[paths...]', 'folders and files; the current folder by default')
    .addHelpText('after', HELP)
    .action(async (given: string[], options: CommonOptions) => {
      const paths = given.length === 0 ? ['.'] : given;
      const progress = createProgress(context.io, 'files');
      let report: VerifyReport;
      try {
        report = await verify(paths, { onProgress: (done, files, path) => progress.update(done, files, path) });
      } finally {
        progress.stop();
      }
      const output = createOutput(context, options);
      output.json(report);
      print(report, output);
      if (report.faults > 0) context.exitWith(EXIT.failed);
      else if (report.runs.length === 0) {
        throw new CommandError(
          `there is no journal, W&B log or event file at ${paths.map((path) => printable(path)).join(', ')}`,
        );
      }
    });
};

function print({ runs, findings, faults }: VerifyReport, output: Output): void {
  for (const run of runs) printRun(run, output);
  if (findings.length > 0) {
    output.line(output.bold('files of no run'));
    for (const finding of findings) printFinding(finding, output);
    output.line();
  }
  if (runs.length === 0) return;
  const good = runs.filter((run) => run.faults === 0).length;
  const sum = `${plural(runs.length, 'run')}, ${good} without a fault; ${plural(faults, 'fault')}`;
  output.line(faults === 0 ? output.green(sum) : output.red(sum));
}

function printRun({ id, name, outcome, sources, findings, faults }: RunReport, output: Output): void {
  const title =
    id === ''
      ? printable(name)
      : `run ${printable(id)}${name === id || name === '' ? '' : ` (${printable(name, 80)})`}`;
  const isJournaled = sources.some(({ kind }) => kind === 'journal');
  output.line(`${output.bold(title)}${isJournaled ? `, ${outcome ?? 'not over'}` : ''}`);
  for (const source of sources) output.line(`  ${describeSource(source)}`);
  for (const finding of findings) printFinding(finding, output);
  output.line(faults === 0 ? `  ${output.green('no fault')}` : `  ${output.red(plural(faults, 'fault'))}`);
  output.line();
}

const KINDS = { journal: 'journal', wandb: 'W&B', tensorboard: 'TensorBoard' } as const;
const AXES = { micro: 'micro-batches', accumulated: 'accumulated batches', samples: 'samples' } as const;
const COUNTED: Readonly<Record<string, readonly [one: string, many?: string]>> = {
  microBatches: ['micro-batch', 'micro-batches'],
  steps: ['step'],
  discarded: ['discarded window'],
  rows: ['row'],
  values: ['value'],
  points: ['point'],
  files: ['file'],
};

function describeSource({ kind, path, axis, checked }: CheckedSource): string {
  const counts = Object.entries(checked).map(([what, number]) => plural(number, ...(COUNTED[what] ?? [what])));
  const clock = axis === undefined ? '' : `; x counts ${AXES[axis]}`;
  return `${KINDS[kind].padEnd(12)} ${printable(path)}  ${counts.join(', ')}${clock}`;
}

function printFinding({ severity, code, file, at, message, expected, found, more }: Finding, output: Output): void {
  const paint = severity === 'fault' ? output.red : output.yellow;
  output.line(`  ${paint(severity)} ${code}: ${[printable(file), ...places(at)].join(', ')}`);
  output.line(`        ${printable(message, 400)}`);
  if (expected !== undefined && found !== undefined) {
    output.line(output.dim(`        expected ${printable(String(expected))}, found ${printable(String(found))}`));
  }
  if (more !== undefined) output.line(output.dim(`        and ${more} more like this`));
}

const PLACES: Readonly<Record<keyof Place, string>> = {
  step: 'step',
  microStep: 'micro-batch',
  row: 'row',
  x: 'x',
  byte: 'byte',
  line: 'line',
};

function places(at: Place = {}): string[] {
  const names = Object.keys(PLACES) as (keyof Place)[];
  return names.flatMap((name) => (at[name] === undefined ? [] : [`${PLACES[name]} ${at[name]}`]));
}
