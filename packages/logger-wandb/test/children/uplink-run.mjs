// Stands for a training: writes the log that the job on stdin names, uploads it meanwhile, and ends as the job says. The
// key comes in UPLOAD_KEY. Prints one line of JSON for each thing that it is told.
import { readFileSync } from 'node:fs';
import { createRunLog } from '../../dist/log/run-log.js';
import { startUplink } from '../../dist/upload/uplink.js';

const { logPath, baseUrl, records, late = [], end, pace } = JSON.parse(readFileSync(0, 'utf8'));
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const log = createRunLog(logPath);
for (const record of records) log.record(record);
log.sync();
const uplink = startUplink({
  logPath,
  baseUrl,
  apiKey: process.env.UPLOAD_KEY,
  pace,
  onStart: (url) => say({ url }),
  onStopRequested: () => say({ stopRequested: true }),
  onNotice: (notice) => say({ notice }),
});
if (end !== 'exit at once') await uplink.started;
for (const record of late) log.record(record);
log.sync();
say({ written: true });

if (end === 'finish') {
  log.close();
  say({ end: await uplink.finish() });
} else if (end === 'exit' || end === 'exit at once') {
  process.exit(3);
} else if (end === 'exit after release') {
  log.close();
  uplink.release();
  process.exit(0);
} else if (end === 'throw') {
  throw new Error('the training failed');
} else if (end === 'return') {
  // Nothing is left to do: the uploader must not keep this process.
} else {
  setInterval(() => {}, 1000);
}
