import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ScalarFormat, SummaryWriter } from '../src/index.js';
import { readScalars } from '../src/read-scalars.js';
import { goldenEvents, goldenInputs, hexEvents } from './golden-events.js';
import { temporaryFolder } from './temporary-folder.js';

function writtenScalars(scalarFormat?: ScalarFormat): string {
  const options = scalarFormat === undefined ? {} : { scalarFormat };
  using writer = new SummaryWriter(temporaryFolder(), options);
  for (const { tag, value, step } of goldenInputs.scalars) {
    writer.addScalar(tag, Number(value), step, goldenInputs.wallTime);
  }
  return writer.path;
}

/** Without the file's version and the start of its session. */
const eventsOf = (path: string): string[] => hexEvents(readFileSync(path)).slice(2);

test("scalarFormat 'tensor' writes the events of tf.summary.scalar byte for byte", () => {
  expect(eventsOf(writtenScalars('tensor'))).toEqual(goldenEvents('tensorflow-scalars.tfevents'));
});

test.each([[undefined], ['simple-value'] as const])(
  "scalarFormat %s writes the events of PyTorch's add_scalar byte for byte",
  (format) => {
    expect(eventsOf(writtenScalars(format))).toEqual(goldenEvents('torch-scalars.tfevents'));
  },
);

test('both forms are read back equal, also of the runs that addScalars makes', async () => {
  const series = async (scalarFormat: ScalarFormat) => {
    const folder = temporaryFolder();
    const writer = new SummaryWriter(folder, { scalarFormat });
    writer.addScalar('loss', 0.5, 1, 1);
    writer.addScalars('both', { a: 1 }, 2, 1);
    writer.close();
    const main = await readScalars(writer.path);
    return [...main.series].map(([tag, { steps, values }]) => [tag, [...steps], [...values]]);
  };
  expect(await series('tensor')).toEqual(await series('simple-value'));
});

test.each([['tensors'], [''], [null], [1]])('scalarFormat %o is refused before a file is made', (format) => {
  const folder = temporaryFolder();
  expect(() => new SummaryWriter(folder, { scalarFormat: format as ScalarFormat })).toThrow(
    /^scalarFormat must be 'simple-value' or 'tensor', not /,
  );
});
