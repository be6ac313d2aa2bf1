// Adds points and ends without close: `exit`, `throw`, `reject`, or with nothing left to do.
import { SummaryWriter } from '../../dist/index.js';

const [, , logDir, how] = process.argv;
const writer = new SummaryWriter(logDir);
// Registered later than the writer's own hook, as another library's might be.
process.on('exit', () => writer.addScalar('at-exit', 1, 1));
for (let step = 0; step < 10; step++) writer.addScalar('loss', step, step);
if (how === 'exit') process.exit(3);
if (how === 'throw') throw new Error('on purpose');
if (how === 'reject') Promise.reject(new Error('on purpose'));
