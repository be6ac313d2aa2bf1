// Adds points until the disk takes no more, gives it room again, and goes on; prints what was taken.
import { execFileSync } from 'node:child_process';
import { SummaryWriter } from '../../dist/index.js';

const writer = new SummaryWriter(process.argv[2]);
const taken = [];
let failures = 0;
for (let step = 0; step < 6000; step++) {
  try {
    writer.addScalar('loss', step, step);
    taken.push(step);
  } catch {
    failures++;
    if (failures === 10) execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
  }
}
writer.close();
process.stdout.write(JSON.stringify({ taken, failures }));
