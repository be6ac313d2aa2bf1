// Logs until the disk at `dir` is full, then prints 32 MB; says last how many more bytes of buffers it holds for that.
import { writeSync } from 'node:fs';
import { startRun } from '@microbatch/logger-wandb';

let isFull = false;
const onNotice = ({ code }) => {
  isFull ||= code === 'write-failed';
};
const run = await startRun({ dir: process.argv[2], captureConsole: true, quiet: true, onNotice });
while (!isFull) run.log({ text: 'x'.repeat(1000) });
const before = process.memoryUsage().arrayBuffers;
for (let piece = 0; piece < 32; piece++) {
  process.stdout.write(`${'x'.repeat(1024 * 1024 - 1)}\n`);
}
writeSync(2, `${process.memoryUsage().arrayBuffers - before}\n`);
