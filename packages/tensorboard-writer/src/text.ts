import { assertString } from './arguments.js';
import { tensorSummary } from './summary-value.js';
import { stringTensor } from './tensor-proto.js';

/**
 * A summary of Markdown, byte for byte as `tf.summary.text` makes it (tensorboard/plugins/text/summary_v2.py). Throws a
 * `TypeError`.
 */
export function encodeText(tag: string, text: string): Uint8Array {
  assertString('text', text);
  // Of rank 0: TensorBoard shows text of rank 1, which PyTorch's writer makes, as a table of one cell.
  return tensorSummary(tag, stringTensor([], [Buffer.from(text)]), { plugin: 'text' });
}
