// node log-artifact.mjs DIR exit|full: logs an artifact of DIR/model.bin while the process ends, or when its disk is full.
import { join } from 'node:path';
import { startRun } from '../../dist/index.js';

const [dir, way] = process.argv.slice(2);
let isFull = false;
const run = await startRun({
  dir,
  onNotice({ code, message }) {
    process.stdout.write(`${code}: ${message}\n`);
    if (code === 'write-failed') isFull = true;
  },
});
if (way === 'exit') {
  run.log({ loss: 1 });
  void run.logArtifact(join(dir, 'model.bin'));
  void run.finish();
  process.exit(3);
}
for (let step = 0; !isFull; step++) run.log({ loss: Math.sin(step) });
process.stdout.write(`logged: ${await run.logArtifact(join(dir, 'model.bin'))}\n`);
await run.finish().catch(({ code }) => process.stdout.write(`finished: ${code}\n`));
