// node training.mjs COUNT END [CODE]: prints COUNT micro-batches as records among other lines, and ends as END says.

import { writeSync } from 'node:fs';

const [count, end, code] = process.argv.slice(2);
const print = (text) => writeSync(1, text);
const record = (at) => print(`${JSON.stringify({ loss: 1 / at, samples: 8 })}\n`);

print('training\n');
for (let at = 1; at <= Number(count); at++) {
  record(at);
  if (end === 'noisy') print(`line ${at}\n`);
}
if (end === 'torn') {
  print('{"loss": 0.5, "sampl');
  process.kill(process.pid, 'SIGKILL');
} else if (end === 'interrupt') {
  // As a training loop that takes its last step when it is told to end.
  const finish = () => {
    record(Number(count) + 1);
    process.exit(0);
  };
  process.on('SIGINT', finish).on('SIGTERM', finish);
  print('waiting\n');
  setInterval(() => {}, 1000);
} else {
  print('done\n');
  process.exitCode = Number(code ?? 0);
}
