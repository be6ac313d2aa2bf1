// Adds points until the disk takes no more, gives it room again, and goes on; prints what was taken and reported.
import { execFileSync } from 'node:child_process';
import { SummaryWriter } from '../../dist/index.js';

const [, , logDir, mode] = process.argv;
const reports = [];
const onError = ({ code, dropped }) => reports.push({ code, dropped });
const writer = new SummaryWriter(logDir, mode === 'onError' ? { onError } : {});
const taken = [];
let failures = 0;
function makeRoom() {
  execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
}
for (let step = 0; step < 6000; step++) {
  try {
    writer.addScalar('loss', step, step);
    taken.push(step);
  } catch {
    failures++;
    if (failures === 10) makeRoom();
  }
  if (mode === 'onError' && step === 5000) {
    makeRoom();
    writer.flush();
  }
}
writer.close();
process.stdout.write(JSON.stringify({ taken, failures, reports }));
