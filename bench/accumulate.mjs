// What accumulate() costs a micro-batch, beside an rxjs map that returns one nested, frozen event: windows of 8, 3 metrics;
// every event is stored in a ring of 1,024. `npm run build && node bench/accumulate.mjs [--quick]`
import { accumulate } from '@microbatch/core';
import { map, Subject } from 'rxjs';
import { interleaved } from './interleaved.mjs';
import { microBatch, windowsOf8 } from './micro-batches.mjs';
import { pairRows, report } from './rows.mjs';

const PAIRS = process.argv.includes('--quick') ? 9 : 61;
const MICRO_BATCHES = 100_000;

function drive(operator) {
  const ring = new Array(1024);
  const source = new Subject();
  let received = 0;
  source.pipe(operator).subscribe((event) => {
    ring[received & 1023] = event;
    received += 1;
  });
  for (let at = 0; at < MICRO_BATCHES; at += 1) source.next(microBatch(at));
}

function frozenEvent() {
  let microStep = 0;
  return map(({ loss, samples, metrics }) => {
    microStep += 1;
    const copied = Object.freeze({ ...metrics });
    return Object.freeze({ type: 'micro-batch', microStep, time: Date.now(), loss, samples, metrics: copied });
  });
}

function accumulated() {
  const { policy, plan } = windowsOf8(true);
  return accumulate(policy, plan);
}

const pairs = await interleaved(
  () => drive(accumulated()),
  () => drive(frozenEvent()),
  PAIRS,
);
const names = { a: 'accumulate()', b: 'rxjs `map` to one frozen event with frozen metrics' };
report(pairRows(pairs, { ...names, units: MICRO_BATCHES, limit: 3 }));
