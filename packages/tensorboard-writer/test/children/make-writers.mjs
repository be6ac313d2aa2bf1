// A worker that makes writers in one folder and posts their paths.
import { parentPort, workerData } from 'node:worker_threads';
import { SummaryWriter } from '../../dist/index.js';

const paths = [];
for (let i = 0; i < 100; i++) {
  const writer = new SummaryWriter(workerData.logDir);
  writer.addScalar('t', i, i);
  writer.close();
  paths.push(writer.path);
}
parentPort.postMessage(paths);
