// Opens a writer and ends without a value and without close; `late`: with a value from a later exit hook.
import { SummaryWriter } from '../../dist/index.js';

const [, , logDir, how] = process.argv;
const writer = new SummaryWriter(logDir);
if (how === 'late') process.on('exit', () => writer.addScalar('late', 1, 7));
