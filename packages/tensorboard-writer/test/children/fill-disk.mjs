// Adds points beyond what the disk takes; prints the errors by code, and what close says.
import { SummaryWriter } from '../../dist/index.js';

const writer = new SummaryWriter(process.argv[2]);
const codes = {};
for (let step = 0; step < 3000; step++) {
  try {
    writer.addScalar('loss', step, step);
  } catch (error) {
    codes[`${error.name} ${error.code} ${error.cause?.code}`] = true;
  }
}
let closing;
try {
  writer.close();
} catch (error) {
  closing = error.code;
}
writer.close();
process.stdout.write(JSON.stringify({ codes: Object.keys(codes), closing }));
