import type { PluginOwned } from './event.js';
import { WireReader } from './wire.js';

/** Which plugin shows each tag: files need say it with a tag's first value only. */
export type PluginOfTag = Map<string, PluginOwned>;

/**
 * Decodes `bytes[start, end)`, a SummaryMetadata { plugin_data = 1 { plugin_name = 1, content = 2 } }; undefined where it
 * names no plugin. Throws a `MalformedError`.
 */
export function decodePlugin(bytes: Buffer, start: number, end: number): PluginOwned | undefined {
  const metadata = new WireReader(bytes, start, end);
  let plugin: string | undefined;
  let content: Uint8Array | undefined;
  while (metadata.next()) {
    if (!metadata.is(1, 2)) {
      metadata.skip();
      continue;
    }
    const data = new WireReader(bytes, metadata.message(), metadata.at);
    while (data.next()) {
      if (data.is(1, 2)) plugin = data.string();
      else if (data.is(2, 2)) content = data.copy();
      else data.skip();
    }
  }
  if (plugin === undefined) return undefined;
  return content === undefined || content.length === 0 ? { plugin } : { plugin, content };
}

/** The plugin of a value, which its own metadata names, or that of an earlier value of the tag. */
export function pluginOf(tag: string, own: PluginOwned | undefined, plugins: PluginOfTag): PluginOwned {
  if (own === undefined) return plugins.get(tag) ?? {};
  if (!plugins.has(tag)) plugins.set(tag, own);
  return own;
}
