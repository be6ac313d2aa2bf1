// Adds points beyond what the disk takes, and ends by `close`, `exit` or `kill`; prints what was thrown or, with `onError`,
// reported: one JSON line an error.
import { writeSync } from 'node:fs';
import { SummaryWriter } from '../../dist/index.js';

const [, , logDir, ending, mode] = process.argv;
const seen = new Set();
function tell(how, { code, cause, dropped }) {
  const line = JSON.stringify({ how, code, cause: cause?.code, dropped });
  if (how === 'reported' || !seen.has(line)) writeSync(1, `${line}\n`);
  seen.add(line);
}

function attempt(how, call) {
  try {
    call();
  } catch (error) {
    tell(how, error);
  }
}

const onError = (error) => tell('reported', error);
const writer = new SummaryWriter(logDir, mode === 'onError' ? { onError } : {});
for (let step = 0; step < 6000; step++) attempt('thrown', () => writer.addScalar('loss', step, step));
if (ending === 'kill') process.kill(process.pid, 'SIGKILL');
if (ending === 'exit') process.exit();
attempt('thrown by close', () => writer.close());
writer.close();
