import { bytesField, message, presentField, textField, uintField } from './message.js';

/*
 * BYTES (tensorflow/core/framework/summary.proto):
 *   Event            2a summary   22 graph_def
 *   Summary          0a Value
 *   Value            0a tag   … 42 tensor   4a metadata
 *   SummaryMetadata  0a PluginData   12 display_name   1a summary_description   20 data_class
 *   PluginData       0a plugin_name   12 content
 */

/** How TensorBoard samples a tag's values: scalars, tensors of moderate size, or sequences of large byte strings. */
const DATA_CLASSES = { scalar: 1, tensor: 2, blobSequence: 3 } as const;

/** Which plugin shows a value, and what it needs to know. */
export interface PluginMetadata {
  readonly plugin: string;
  readonly content?: Uint8Array;
  /** As TensorBoard infers it from the plugin where absent. */
  readonly dataClass?: keyof typeof DATA_CLASSES;
  /** Markdown, shown beside the value. */
  readonly description?: string;
}

/** A summary of one tensor: the payload of an event. */
export function tensorSummary(tag: string, tensor: Uint8Array, metadata: PluginMetadata): Uint8Array {
  return summary(encodeTensorValue(tag, tensor, metadata));
}

/** An encoded `Summary.Value` that holds a tensor. */
export function encodeTensorValue(tag: string, tensor: Uint8Array, metadata: PluginMetadata): Uint8Array {
  return message(textField(1, tag), presentField(8, tensor), presentField(9, summaryMetadata(metadata)));
}

/** A summary of encoded `Summary.Value`s: the payload of an event. */
export function summary(...values: readonly Uint8Array[]): Uint8Array {
  return presentField(5, message(...values.map((value) => presentField(1, value))));
}

/** An encoded `SummaryMetadata`. */
export function summaryMetadata({ plugin, content, dataClass, description }: PluginMetadata): Uint8Array {
  const pluginData = message(textField(1, plugin), bytesField(2, content ?? new Uint8Array(0)));
  const dataClassNumber = dataClass === undefined ? 0 : DATA_CLASSES[dataClass];
  return message(presentField(1, pluginData), textField(3, description ?? ''), uintField(4, dataClassNumber));
}
