// What accumulate() costs beside an rxjs map that returns one nested, frozen event. Run with: npm run bench
import { accumulate, gradientAccumulation } from '@microbatch/core';
import { map, Subject } from 'rxjs';
import { interleaved } from './interleaved.mjs';

const MICRO_BATCHES = 200_000;

function drive(operator) {
  const ring = new Array(1024);
  const source = new Subject();
  let received = 0;
  source.pipe(operator).subscribe((event) => {
    ring[received & 1023] = event;
    received += 1;
  });
  for (let at = 0; at < MICRO_BATCHES; at += 1) {
    source.next({ loss: at * 0.5, samples: 8, metrics: { accuracy: 0.5 + at, f1: 0.1 * at, auc: 0.3 } });
  }
}

const frozenEvent = () => {
  let microStep = 0;
  return map(({ loss, samples, metrics }) => {
    microStep += 1;
    const copied = Object.freeze({ ...metrics });
    return Object.freeze({ type: 'micro-batch', microStep, time: Date.now(), loss, samples, metrics: copied });
  });
};
const windowsOf8 = () => accumulate(gradientAccumulation({ accumBatchSize: 64 }), { microBatchSize: 8 });

const { a, b, ratio, ratios } = interleaved(
  () => drive(windowsOf8()),
  () => drive(frozenEvent()),
);
const rate = (seconds) => `${(MICRO_BATCHES / seconds / 1e6).toFixed(2)} M/s`;
console.log(`accumulate(), windows of 8, 3 metrics   ${rate(a)}`);
console.log(`rxjs map to one frozen event            ${rate(b)}`);
console.log(
  `cost ratio, median of ${ratios.length} pairs            ${ratio.toFixed(2)} (${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)})`,
);
