import { record } from '@microbatch/core';
import type { DiagnosticEvent, LoggerNotice, TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { wandb, wandbSink } from '../src/index.js';
import { logRun } from './child.js';
import { emptyFolder } from './folders.js';

/** A row that is longer than the columns. */
const table = { kind: 'table', columns: ['a'], rows: [[1, 2]] } as const;

/** A run that drops two keys, overwrites one and refuses a step, each more than once. */
function troubledRun(): TrainEvent[] {
  const events = sampleRun();
  const logged = (at: number): TrainEvent => ({
    ...events[at]!,
    type: 'log',
    values: { twice: at, one: table, two: table },
  });
  const second = events.findLastIndex(({ type }) => type === 'accumulated-batch');
  const first = events.findIndex(({ type }) => type === 'accumulated-batch');
  const old = events[first]!;
  return [...events.slice(0, second + 1), logged(second), logged(second), logged(second), old, old];
}

const EXPECTED = ['value-dropped "one"', 'value-dropped "two"', 'value-overwritten twice', 'step-refused Tried'];

function shown({ code, message }: LoggerNotice): string {
  return `${code} ${message.split(' ')[0]}`;
}

describe('what the W&B sink has to tell', () => {
  it('is a diagnostic of the run, each thing once, and goes to onNotice too', async () => {
    const told: DiagnosticEvent[] = [];
    const notices: LoggerNotice[] = [];
    const logger = wandb({ dir: emptyFolder(), quiet: true, onNotice: (notice) => notices.push(notice) });
    await record(from(troubledRun()), [logger], { onDiagnostic: (diagnostic) => told.push(diagnostic) });
    const ours = told.filter(({ code }) => code !== 'sample');
    expect(ours.map(shown)).toEqual(EXPECTED);
    expect(ours[0]).toMatchObject({ type: 'diagnostic', level: 'warn' });
    expect(notices.map(shown)).toEqual(EXPECTED);
  });

  it('goes to onNotice where nobody else listens, for each run anew', () => {
    const notices: LoggerNotice[] = [];
    const sink = wandbSink({ dir: emptyFolder(), quiet: true, onNotice: (notice) => notices.push(notice) });
    for (let run = 0; run < 2; run++) {
      sink.open(runOf(sampleRun()));
      sink.write(troubledRun());
      sink.close('finished');
    }
    expect(notices.map(shown)).toEqual([...EXPECTED, ...EXPECTED]);
  });

  it('tells once that values of a closed row go to the summary', () => {
    const notices: LoggerNotice[] = [];
    const sink = wandbSink({ dir: emptyFolder(), quiet: true });
    const events = sampleRun();
    sink.open(runOf(events), (notice) => notices.push(notice));
    sink.write(events.slice(0, -1));
    sink.flush();
    const late: TrainEvent = { ...events.at(-1)!, type: 'log', values: { late: 1 } };
    sink.write([late, late]);
    sink.close('finished');
    expect(notices.map(({ code }) => code)).toEqual(['row-closed']);
  });

  it('is printed by a bare sink, each thing once, and not where it is quiet', async () => {
    const logged = { dropped: Number.NaN, one: table, two: table };
    const job = { rows: 2, log: [logged, logged] };
    const loud = await logRun({ options: { dir: emptyFolder() }, ...job });
    const lines = loud.stderr.split('\n').filter((line) => line.startsWith('wandb: WARNING'));
    expect(lines.map((line) => /\((.*)\)$/.exec(line)?.[1])).toEqual([
      'value-dropped, told once',
      'value-dropped, told once',
      'value-overwritten, told once',
    ]);
    const silent = await logRun({ options: { dir: emptyFolder(), quiet: true }, ...job });
    expect(silent.stderr).toBe('');
  });
});
