import assert from 'node:assert/strict';
import { join } from 'node:path';
import { compareAccumulator } from './compare-accumulator.js';
import { compareLoggers } from './compare-loggers.js';
import { compareDroppingSchedule, compareGridEntry } from './compare-schedule.js';
import { compareTraining } from './compare-train.js';
import { assertWithin, type Comparison } from './comparison.js';
import type { Difference } from './difference.js';
import { loggingDifferences } from './differences-logging.js';
import { scheduleDifferences } from './differences-schedules.js';
import { windowDifferences } from './differences-windows.js';
import { admittedTraces, droppingSchedules, isFlushed, scheduleGrid, type Trace } from './traces.js';

/** Every known difference, by the page's headings. */
export const differences: Readonly<Record<string, readonly Difference[]>> = {
  Windows: windowDifferences,
  'Schedules, and what is refused': scheduleDifferences,
  'What is logged': loggingDifferences,
};

/** What docs/equivalence.md has to say. Writes logs below `folder`. Throws where an error is larger than the page allows. */
export async function equivalencePage(folder: string): Promise<string> {
  const rows: string[] = [];
  let steps = 0;
  for (const trace of admittedTraces) {
    const compared = {
      accumulator: compareAccumulator(trace),
      training: await compareTraining(trace),
      logs: await compareLoggers(trace, join(folder, trace.name)),
    };
    for (const comparison of Object.values(compared)) {
      assert.equal(comparison.steps, trace.weights.length, `optimizer steps of ${trace.name}`);
      assertWithin(comparison, trace.config.dtype);
    }
    steps += compared.accumulator.steps;
    rows.push(row(trace, compared));
  }
  const outcomes = scheduleGrid.map(compareGridEntry);
  const grid = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  const followed = droppingSchedules.map((trace) => {
    const { computed, dropped } = compareDroppingSchedule(trace);
    return `\`${trace.name}\` (${computed} of ${computed + dropped})`;
  });
  const flushed = admittedTraces.filter(isFlushed).map(({ name }) => `\`${name}\``);
  return `# Equal to fastxtend

Recordings of the real fastxtend 0.1.7 on fastai 2.7.13 (\`test/oracle/fastxtend\`), replayed in three ways: their
micro-batch losses through the accumulator; their data and initial weights through \`train()\` on tfjs cpu; their losses
and validation values through the W&B and TensorBoard loggers with \`names: 'fastai'\`, read back from the files. Policies
have \`normalize: 'target'\` and \`lastWindow: 'carry'\`, which is what fastxtend does with \`drop_last=False\`. The
exceptions are the ${flushed.length} traces without accumulation whose epochs end with a smaller micro-batch, with which fastai
steps alone. They have \`normalize: 'actual'\` and \`lastWindow: 'flush'\`: ${flushed.join(', ')}.

This page is written by \`node scripts/write-equivalence.mjs\`; \`npm test\` fails where it is out of date.

## Traces
Which micro-batches step, the windows' sizes, the schedule's columns, W&B's steps and keys and TensorBoard's steps and
tags are equal in every trace, and so are \`trainer/step\` and \`trainer/samples\` in W&B's rows. The numbers are the
largest errors, relative for values above 1. fastai computes in float32, so about 1e-6 is what two ways to sum differ by;
the \`f64\` traces are fastai in float64. \`train()\` computes in float32 always. Allowed: 1e-12 in float64 and 3e-6 in
float32 for losses, rows and points, and 3e-5 for weights. TensorBoard holds 32 bits: what fastai in float64 gave it has
to be equal, bit for bit.

The loss is that of each accumulated batch, compared with the sum of the trace's own \`raw_loss\` × \`bs\` over the window,
divided by its \`accum_bs\`, and where fastxtend records accumulated batches with what it recorded too. Without
accumulation (–) the loss of a window is the one that went in.

| trace | steps | loss | smooth loss | weights | W&B rows | TensorBoard |
|---|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}

${admittedTraces.length} traces, ${steps} optimizer steps.

## Schedule grid
${outcomes.length} schedules, compared for equality at each micro-batch that is computed: ${grid('equal')} equal, ${grid('refused')} refused and ${grid('corrected')} corrected
(both below). Of the traces that drop windows, the schedule alone is comparable; it is equal at each micro-batch that
\`lastWindow: 'drop'\` computes, and so goes on over those that it leaves out: ${followed.join(', ')}.

# Known differences
Each is computed anew from the recording that shows it, and fails where it no longer does.

${Object.entries(differences).map(section).join('\n\n')}
`;
}

function row(
  trace: Trace,
  { accumulator, training, logs }: Readonly<Record<'accumulator' | 'training' | 'logs', Comparison>>,
): string {
  const { errors } = accumulator;
  const errorsShown = [
    errors.loss,
    errors['smooth loss'],
    training.errors.weights,
    logs.errors['W&B'],
    logs.errors.TensorBoard,
  ].map(shown);
  return `| ${[`\`${trace.name}\``, accumulator.steps, ...errorsShown].join(' | ')} |`;
}

// Below it, errors are those of adding doubles, which another version of Node may round otherwise.
const NOISE = 1e-13;

function shown(error: number | undefined): string {
  if (error === undefined) return '–';
  return error < NOISE ? '< 1e-13' : error.toExponential(1);
}

function section([heading, entries]: [string, readonly Difference[]]): string {
  const text = entries.map(
    ({ title, trace, shown: evidence, why }, at) =>
      `### ${title}\n*Shown by ${trace.includes(' ') || trace.includes('.') ? trace : `\`${trace}\``}.* ${evidence.call(entries[at]!)}\n\n*Ours:* ${why}`,
  );
  return `## ${heading}\n${text.join('\n\n')}`;
}
