// Stands for a user's program: logs `rows` rows in `parts`, each when a line comes on stdin, and ends as the job says.
// node fault-run.mjs '{"api":"startRun","options":{…},"rows":10000,"parts":4,"end":"finish","pace":100}'
// Prints one line of JSON for each thing that happens; what it prints beside them is logged, too.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { record } from '@microbatch/core';
import { startRun, wandb } from '@microbatch/logger-wandb';
import { Subject } from 'rxjs';
import { uploadPace } from '../../dist/upload/upload-pace.js';

const { api, options, rows, parts, end, pace } = JSON.parse(process.argv[2]);
const say = (event) => writeSync(1, `${JSON.stringify(event)}\n`);
const settings = { ...options, onNotice: (notice) => say({ notice }) };
uploadPace.value = pace;

/** Each gives `log(index)` and `finish()`. */
const APIS = {
  async startRun() {
    const run = await startRun(settings);
    return { log: (at) => run.log({ loss: Math.sin(at) }), finish: () => run.finish() };
  },
  async wandb() {
    const policy = { kind: 'fixed', accumBatchSize: 4, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
    const startedAt = Date.now();
    const run = { id: 'faults', name: 'faults', config: {}, tags: [], plan: { microBatchSize: 4 }, policy };
    const events = new Subject();
    const receipts = record(events, [wandb(settings)], { onDiagnostic() {} });
    const send = (type, step, content) => {
      const clocks = { microStep: step, step, samples: 4 * step, epoch: step / rows, time: Date.now() };
      events.next(Object.freeze({ type, ...clocks, ...content }));
    };
    send('run-start', 0, { run: { ...run, logAccumBatch: true, startedAt } });
    const batch = { normalizer: 4, accumBatchSize: 4, windowSamples: 4, microBatches: [], metrics: {} };
    return {
      log: (at) => send('accumulated-batch', at + 1, { ...batch, loss: Math.sin(at) }),
      async finish() {
        send('run-end', rows, { outcome: 'finished' });
        events.complete();
        const [{ errors }] = await receipts;
        if (errors.length > 0) throw errors[0];
      },
    };
  },
};

const ENDS = {
  async finish() {
    try {
      await run.finish();
      say({ finished: true });
    } catch (error) {
      say({ error: { code: error.code, message: error.message } });
    }
  },
  return() {},
  exit: () => process.exit(3),
  throw() {
    setImmediate(() => {
      throw new Error('the training failed');
    });
  },
  reject: () => void Promise.reject(new Error('the training failed')),
  wait: () => void setInterval(() => {}, 1000),
  'never yield'() {
    const waiting = new Int32Array(new SharedArrayBuffer(4));
    for (let at = rows; ; at++) {
      run.log(at);
      Atomics.wait(waiting, 0, 0, 2);
    }
  },
};

const run = await APIS[api]();
say({ opened: true });
const turns = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (let part = 1, at = 0; part <= parts; part++) {
  await turns.next();
  for (; at < (rows * part) / parts; at++) run.log(at);
  process.stdout.write(`part ${part} is logged\n`);
  say({ logged: at });
}
await ENDS[end]();
