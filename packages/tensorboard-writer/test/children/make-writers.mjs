// A worker that makes writers in one folder, each at the same moment as the other workers, and posts their paths.
import { parentPort, workerData } from 'node:worker_threads';
import { SummaryWriter } from '../../dist/index.js';

const { logDir, arrivals, workers } = workerData;
const paths = [];
for (let i = 1; i <= 100; i++) {
  Atomics.add(arrivals, 0, 1);
  // Spins, so that all go on at once.
  while (Atomics.load(arrivals, 0) < i * workers);
  const writer = new SummaryWriter(logDir);
  writer.addScalar('t', i, i);
  writer.close();
  paths.push(writer.path);
}
parentPort.postMessage(paths);
