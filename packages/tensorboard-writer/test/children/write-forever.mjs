// Adds points, and now and then a text, in a loop that never yields, and prints now and then `{ step, time }` of a call that has returned.
import { writeSync } from 'node:fs';
import { SummaryWriter } from '../../dist/index.js';

const writer = new SummaryWriter(process.argv[2]);
let lastReport = 0;
for (let step = 0; ; step++) {
  writer.addScalar('loss', step, step);
  if (step % 100 === 0) writer.addText('note', 'x'.repeat(step % 5000), step);
  const time = Date.now();
  if (time - lastReport >= 20) {
    writeSync(1, `${JSON.stringify({ step, time })}\n`);
    lastReport = time;
  }
}
