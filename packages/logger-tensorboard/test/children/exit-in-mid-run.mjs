// Records points and leaves by process.exit() while the last x is still open.
import { record } from '@microbatch/core';
import { Subject } from 'rxjs';
import { tensorboard } from '../../dist/index.js';

const clocks = { step: 0, samples: 0, epoch: 0, time: 1000 };
const run = { id: 'r', name: 'r', config: {}, tags: [], plan: { microBatchSize: 1 }, policy: {}, logAccumBatch: true };
const events$ = new Subject();
record(events$, [tensorboard({ logDir: process.argv[2] })]);
events$.next({ type: 'run-start', microStep: 0, ...clocks, run });
for (let microStep = 1; microStep <= 3; microStep++) {
  events$.next({ type: 'log', microStep, ...clocks, values: { mine: microStep } });
}
process.exit(0);
