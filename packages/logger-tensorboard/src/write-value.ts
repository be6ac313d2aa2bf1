import { inspect } from 'node:util';
import type { ImageValue, LogValue } from '@microbatch/core/logger';
import type { SummaryWriter } from 'tensorboard-writer';
import { toMarkdown } from './table-markdown.js';

/** Which of TensorBoard's plugins shows a value. */
export type ValueKind = 'scalar' | 'histogram' | 'image' | 'text';

/** The kind of a value. Throws a `TypeError` where it has none. */
export function kindOf(value: LogValue): ValueKind {
  if (typeof value === 'number') return 'scalar';
  if (typeof value === 'string') return 'text';
  switch (value?.kind) {
    case 'histogram':
    case 'image':
    case 'text':
      return value.kind;
    case 'table':
      return 'text';
    default:
      throw new TypeError('it is neither a number, a histogram, an image, a text nor a table');
  }
}

/** Writes a value; tables as Markdown. Throws a `TypeError` or `RangeError` that says why a value can't be shown. */
export function writeValue(writer: SummaryWriter, tag: string, x: number, value: LogValue, wallTime: number): void {
  const options = { wallTime };
  if (typeof value === 'number') writer.addScalar(tag, value, x, wallTime);
  else if (typeof value === 'string') writer.addText(tag, value, x, options);
  else if (value.kind === 'text') writer.addText(tag, value.text, x, options);
  else if (value.kind === 'table') writer.addText(tag, toMarkdown(value), x, options);
  else if (value.kind === 'image') writer.addImage(tag, pngOf(value), x, options);
  else if ('counts' in value) writer.addHistogram(tag, value, x, options);
  else writer.addHistogram(tag, value.values, x, options);
}

function pngOf({ png }: ImageValue): Uint8Array {
  if (png instanceof Uint8Array) return png;
  throw new TypeError(`its png must be a Uint8Array, not ${inspect(png)}`);
}
