import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  accumulate,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type TrainEvent,
  type TrainInput,
} from '@microbatch/core';
import { encodeJson } from '@microbatch/core/logger';
import { sampleValues } from '@microbatch/core/testing';
import { readJournal } from '@microbatch/logger-journal';
import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { runCommand } from './run-command.js';
import { temporaryFolder } from './temporary-folder.js';

const SIXTEEN = ['--accum-batch-size', '16'];

/** Logs lines to a journal. */
async function log(stdin: string | Buffer[], args: readonly string[] = SIXTEEN) {
  const dir = temporaryFolder();
  const input = typeof stdin === 'string' ? stdin : PassThrough.from(stdin);
  const result = await runCommand(['log', ...args, '--journal', dir, '--id', 'a'], { stdin: input });
  const events: TrainEvent[] = [];
  if (readdirSync(dir).length > 0)
    for await (const event of readJournal(join(dir, 'a.microbatch.jsonl'))) events.push(event);
  return { ...result, dir, events };
}

/** Without what differs from run to run. */
function timeless(events: readonly TrainEvent[]): object[] {
  return events.map(({ time: _, ...event }) => {
    if (event.type !== 'run-start') return event;
    const { startedAt: __, ...run } = event.run;
    return { ...event, run };
  });
}

const micro = (loss: number | string, more: object = {}) => JSON.stringify({ loss, samples: 8, ...more });
const lines = (...all: string[]) => `${all.join('\n')}\n`;

describe('microbatch log', () => {
  it('logs what accumulate() makes of the same micro-batches', async () => {
    const inputs: TrainInput[] = [
      { loss: 3, samples: 8, metrics: { accuracy: 0.5 }, learningRate: 0.1 },
      { type: 'log', values: { note: 'early', temperature: 61 } },
      { loss: 1, samples: 8, weight: 4 },
      { loss: 9, samples: 5, lastOfEpoch: true },
      { type: 'epoch-end', valid: { loss: 2, accuracy: 0.25 } },
      { loss: 2, samples: 8, skipped: true },
      { loss: 4, samples: 8 },
      { type: 'epoch-end' },
    ];
    const text = lines(...inputs.map((input) => JSON.stringify(input)));
    const { code, events, stdout } = await log(text, [...SIXTEEN, '--last-window', 'flush']);
    const policy = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' });
    const expected = from(inputs).pipe(accumulate(policy, { microBatchSize: 8 }, { id: 'a' }), toArray());
    expect(timeless(events)).toEqual(timeless(await lastValueFrom(expected)));
    expect([code, stdout]).toEqual([0, '']);
  });

  it('takes a schedule', async () => {
    const flags = [
      '--start-accum-batch-size',
      '8',
      '--final-accum-batch-size',
      '32',
      '--start',
      '10%',
      '--finish',
      'epoch:1',
    ];
    const plan = ['--epochs', '2', '--micro-batches-per-epoch', '12', '--schedule', 'lin', '--log-accum-batch=false'];
    const inputs = Array.from({ length: 24 }, (_, at) => ({ loss: 1 / (at + 1), samples: 8 }));
    const { code, events } = await log(lines(...inputs.map((input) => JSON.stringify(input))), [...flags, ...plan]);
    const policy = gradientAccumulationSchedule({
      startAccumBatchSize: 8,
      finalAccumBatchSize: 32,
      start: '10%',
      finish: { epoch: 1 },
      schedule: (await import('@microbatch/core')).schedLin,
      logAccumBatch: false,
    });
    const known = { microBatchSize: 8, microBatchesPerEpoch: 12, epochs: 2 };
    const expected = from(inputs).pipe(accumulate(policy, known, { id: 'a' }), toArray());
    expect(code).toBe(0);
    expect(timeless(events)).toEqual(timeless(await lastValueFrom(expected)));
  });

  it('reads what Python writes, and what a journal does', async () => {
    const { code, events } = await log(
      lines(
        '{"loss": NaN, "samples": 8, "learning_rate": 0.01, "metrics": {"a": -Infinity}}',
        '{"loss": Infinity, "samples": 8, "last_of_epoch": true, "values": {"text": "NaN and Infinity", "n": NaN}}',
        JSON.stringify(encodeJson({ type: 'log', values: sampleValues() })),
      ),
    );
    const [first, , second] = events.filter(({ type }) => type === 'micro-batch' || type === 'diagnostic');
    expect(first).toMatchObject({ loss: Number.NaN, learningRate: 0.01, metrics: { a: Number.NEGATIVE_INFINITY } });
    expect(second).toMatchObject({ loss: Number.POSITIVE_INFINITY });
    const logged = events.filter((event) => event.type === 'log').map(({ values }) => values);
    expect(logged).toEqual([{ text: 'NaN and Infinity', n: Number.NaN }, sampleValues()]);
    expect(code).toBe(0);
  });

  it('passes everything else through, byte for byte, however it is cut', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a line\r\n\n  \n\t{"a":1}\n[1]\n"x"\n{"type":"log","level":30}\n{not json\n'),
      Buffer.from([0xff, 0xfe, 0x00, 10]),
      Buffer.from("{'loss': 0.5, 'epoch': 1}\n  10%|█ | 1/10\r 20%"),
    ]);
    const records = Buffer.from(lines(micro(1), ` ${micro(2)}\r`));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: bytes.length + records.length }), { maxLength: 8 }),
        async (cuts) => {
          const all = Buffer.concat([records, bytes]);
          const at = [0, ...cuts.sort((a, b) => a - b), all.length];
          const chunks = at.slice(1).map((to, index) => all.subarray(at[index], to));
          const [dir, stdout] = [temporaryFolder(), new PassThrough()];
          const seen: Buffer[] = [];
          stdout.on('data', (chunk: Buffer) => seen.push(chunk));
          const { microbatch } = await import('../src/command/microbatch.js');
          const io = { stdin: PassThrough.from(chunks), stdout, stderr: new PassThrough().resume(), env: {} };
          expect(await microbatch(['log', ...SIXTEEN, '--journal', dir], io)).toBe(0);
          expect(Buffer.concat(seen)).toEqual(bytes);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('does not hold a progress bar back until its line ends', async () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const { microbatch } = await import('../src/command/microbatch.js');
    const io = { stdin, stdout, stderr: new PassThrough().resume(), env: {} };
    const done = microbatch(['log', ...SIXTEEN, '--journal', temporaryFolder()], io);
    const shown = new Promise<string>((resolve) => stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    stdin.write('\r 20%|██');
    expect(await shown).toBe('\r 20%|██');
    stdin.end();
    await done;
  });

  it.each([
    ['half a record', '{"loss": 0.7, "samp', /line 2 is not logged: it is no whole JSON object/],
    ['two at once', `${micro(1)}${micro(2)}`, /line 2 is not logged: it is no whole JSON object/],
    ['one behind other text', `epoch 1 ${micro(1)}`, /line 2 is not logged: other text stands before the record/],
    ['a Python dict', "{'loss': 0.7, 'samples': 8}", /line 2 is not logged: it is a Python dict/],
    ['a loss that is a text', micro('0.7'), /line 2 is not logged: loss must be a number, not "0.7"/],
    ['no samples', micro(1, { samples: 0 }), /samples must be a positive integer, not 0/],
    ['a weight below 0', micro(1, { weight: -1 }), /weight must be a number that is not negative, not -1/],
    ['metrics that are none', micro(1, { metrics: { a: 'x' } }), /metrics.a must be a number, not "x"/],
    ['a metric that hides the loss', micro(1, { metrics: { loss: 1 } }), /metrics.loss would hide the loss/],
    ['values that are none', micro(1, { values: { a: null } }), /"a" is no value that can be logged/],
    ['a picture without bytes', micro(1, { values: { a: { kind: 'image' } } }), /needs png bytes/],
    ['an outcome that is none', '{"type": "run-end", "outcome": "done"}', /outcome must be "finished", "stopped"/],
    ['a tag that nobody knows', '{"loss": {"$date": 1}, "samples": 8}', /\$date is not a tag/],
  ])('says which line it does not log, passes it through, and logs the others: %s', async (_name, line, message) => {
    const { code, stdout, stderr, events } = await log(lines(micro(3), line, micro(1)));
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([1, `${line}\n`]);
    expect(events.find(({ type }) => type === 'accumulated-batch')).toMatchObject({ loss: 2 });
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished' });
  });

  it('tells a few of many such lines, and how many there were', async () => {
    const { stderr } = await log(lines(micro(3), ...Array.from({ length: 100 }, () => '{"loss": ')));
    expect(stderr.match(/is not logged/g)).toHaveLength(5);
    expect(stderr).toMatch(/100 lines were meant to be records/);
  });

  it('tells once of a key that nobody knows, and of a loss without samples, and complains of neither', async () => {
    const { code, stderr, stdout } = await log(
      lines(micro(3, { lr: 1 }), micro(1, { lr: 1, constructor: 2 }), '{"loss":1}', '{"loss":2}'),
    );
    expect(stderr).toMatch(/"constructor" is no key of a record/);
    expect(stderr.match(/"lr" is no key of a record/g)).toHaveLength(1);
    expect(stderr.match(/a loss without samples is no record/g)).toHaveLength(1);
    expect([code, stdout]).toEqual([0, '{"loss":1}\n{"loss":2}\n']);
  });

  it.each([
    ['the pipe closes within a record', `${lines(micro(3))}{"lo`, 'failed', 1, 'the pipe closed within line 2'],
    [
      'the program says that it failed',
      lines(micro(3), '{"type":"run-end","outcome":"failed","error":"oom"}', micro(1)),
      'failed',
      1,
      'oom',
    ],
    [
      'the program says that it was stopped',
      lines(micro(3), '{"type":"run-end","outcome":"stopped"}'),
      'stopped',
      0,
      undefined,
    ],
    ['the last line lacks its end alone', `${lines(micro(3))}${micro(1)}`, 'finished', 0, undefined],
  ])('knows how the run ended where %s', async (_name, text, outcome, exitCode, error) => {
    const { code, events } = await log(text);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome, ...(error && { error }) });
    expect(code).toBe(exitCode);
  });

  it('counts as stopped inside an epoch that the plan knows', async () => {
    const { code, events, stderr } = await log(lines(micro(3)), [...SIXTEEN, '--micro-batches-per-epoch', '4']);
    expect(events.at(-1)).toMatchObject({ outcome: 'stopped' });
    expect(stderr).toMatch(/completed inside an epoch/);
    expect(code).toBe(0);
  });

  it('tells once of a line that is too long for a record, and passes it through', async () => {
    const long = `{"loss": 1, "samples": 8, "values": {"note": "${'x'.repeat(17 * 1024 * 1024)}"}}`;
    const { code, stdout, stderr } = await log(lines(micro(3), long, micro(1)));
    expect(code).toBe(1);
    expect(stdout.length).toBe(long.length + 1);
    expect(stderr.match(/line \d+ is not logged.*/g)).toEqual([expect.stringMatching(/^line 2 .*too long for one$/)]);
  });

  it('writes to every logger, and what they have agrees', async () => {
    const dir = temporaryFolder();
    const text = lines(...Array.from({ length: 40 }, (_, at) => micro(1 / (at + 1))));
    const where = ['--journal', dir, '--tensorboard', dir, '--wandb', '--wandb-dir', dir, '--project', 'demo'];
    const about = [
      '--config',
      '{"lr":0.1}',
      '--tag',
      'a',
      '--tag',
      'b',
      '--name',
      'my run',
      '--names',
      'fastai',
      '--json',
    ];
    const result = await runCommand(['log', ...SIXTEEN, ...where, ...about], { stdin: `hello\n${text}` });
    const [hello, report] = result.stdout.split('\n');
    expect(hello).toBe('hello');
    expect(JSON.parse(report!)).toMatchObject({
      name: 'my run',
      microBatches: 40,
      steps: 20,
      outcome: 'finished',
      receipts: ['journal', 'tensorboard', 'wandb'].map((logger) => ({ logger, errors: [] })),
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const { faults, runs } = await verify([dir]);
    expect([faults, runs.map(({ name, sources }) => [name, sources.length])]).toEqual([0, [['my run', 3]]]);
  });

  it('passes on what comes where nothing more can be logged', async () => {
    const text = lines(micro(3, { weight: 2 }), 'hello', micro(1));
    const { code, stdout, stderr, events } = await log(text, [...SIXTEEN, '--normalize', 'target']);
    expect(stderr).toMatch(/nothing more is logged: weight: 2 for 8 samples/);
    expect([code, stdout]).toEqual([1, 'hello\n']);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
  });

  it('says which logger failed, and fills the others', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'taken'), '');
    const { code, stderr, events } = await log(lines(micro(3), micro(1)), [
      ...SIXTEEN,
      '--tensorboard',
      join(dir, 'taken', 'in'),
    ]);
    expect(stderr).toMatch(/tensorboard: .*taken/);
    expect(code).toBe(1);
    expect(events.at(-1)).toMatchObject({ outcome: 'finished', step: 1 });
  });

  it('says so where no micro-batch came, and leaves nothing', async () => {
    const { code, stdout, stderr, dir } = await log('hello\n');
    expect([code, stdout]).toEqual([1, 'hello\n']);
    expect(stderr).toMatch(/no micro-batch came/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    ['no size', [], /--accum-batch-size, or --start-accum-batch-size/],
    ['two kinds of sizes', [...SIXTEEN, '--start', '0.5'], /is for windows of one size/],
    ['half a schedule', ['--start-accum-batch-size', '8'], /needs both/],
    [
      'a schedule of unknown length',
      ['--start-accum-batch-size', '8', '--final-accum-batch-size', '16'],
      /--micro-batches-per-epoch is undefined/,
    ],
    ['a size that is none', ['--accum-batch-size', '1.5'], /must be a positive integer/i],
    [
      'a size that micro-batches do not make up',
      ['--accum-batch-size', '12'],
      /--accum-batch-size \(12\) must be a multiple of --micro-batch-size \(8\)/,
    ],
    ['a bound that is none', ['--start', 'soon'], /It must be a fraction/],
    ['an annealer that is none', ['--schedule', 'toString'], /It must be cos, lin/],
    ['a config that is none', [...SIXTEEN, '--config', '[1]'], /config/],
    ['an id that is none', [...SIXTEEN, '--id', 'a/b'], /id must/],
    ['an axis that does not fit', [...SIXTEEN, '--log-accum-batch', 'maybe'], /It must be true or false/],
  ])('refuses %s', async (_name, args, message) => {
    const dir = temporaryFolder();
    const { code, stderr } = await runCommand(['log', ...args, '--journal', dir], { stdin: lines(micro(1)) });
    expect(stderr).toMatch(message);
    expect([code, readdirSync(dir)]).toEqual([2, []]);
  });

  it('refuses to log nowhere', async () => {
    expect(await runCommand(['log', ...SIXTEEN])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/say where to log/),
    });
  });
});
