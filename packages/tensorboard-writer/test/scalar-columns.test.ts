import { expect, test } from 'vitest';
import { createEventFile } from '../src/event-file.js';
import { readScalars } from '../src/index.js';
import { message, presentField, textField } from '../src/message.js';
import { summary } from '../src/summary-value.js';
import { temporaryFolder } from './temporary-folder.js';

test('tags that begin alike are kept apart, whatever their order', async () => {
  const file = createEventFile(temporaryFolder());
  const tags = ['a', 'ab', 'abc', 'a', 'abc', 'ab', 'a', 'ab', 'b', 'abc', 'ä', 'a'.repeat(200)];
  for (const [step, tag] of tags.entries()) file.scalar(tag, step, step, 1);
  file.close();
  const { series } = await readScalars(file.path);
  expect([...series.keys()]).toEqual([...new Set(tags)]);
  for (const [tag, { steps }] of series) {
    expect([...steps]).toEqual(tags.flatMap((other, step) => (other === tag ? [step] : [])));
  }
});

test('a field between the tag and the number is no part of the tag', async () => {
  const file = createEventFile(temporaryFolder());
  const number = Uint8Array.of(0x15, 0, 0, 0, 0x40);
  const nodeName = presentField(7, Uint8Array.of(0x78));
  file.event(summary(message(textField(1, 'loss'), nodeName, number)), 3, 1);
  file.scalar('loss', 4, 4, 1);
  file.close();
  const { series } = await readScalars(file.path);
  expect([...series.keys()]).toEqual(['loss']);
  expect([...series.get('loss')!.values]).toEqual([2, 4]);
});
