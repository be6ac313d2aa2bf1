import { decodeScalarTensor } from './decode-scalar-tensor.js';
import type { FileEvent, SessionStatus, SummaryValue } from './event.js';
import { WireReader } from './wire.js';

const STATUSES: readonly SessionStatus[] = ['unspecified', 'start', 'stop', 'checkpoint'];

/** Which plugin shows each tag: files say it with a tag's first value only. */
export type PluginOfTag = Map<string, string>;

/** Decodes `bytes[start, end)`, one Event message (FORMAT: `encode-event.ts`). Throws a `MalformedError`. */
export function decodeEvent(bytes: Buffer, start: number, end: number, plugins: PluginOfTag): FileEvent {
  const wire = new WireReader(bytes, start, end);
  let wallTime = 0;
  let step: number | bigint = 0;
  let version: string | undefined;
  let status: SessionStatus | undefined;
  let values: SummaryValue[] | undefined;
  while (wire.next()) {
    if (wire.is(1, 1)) wallTime = wire.double();
    else if (wire.is(2, 0)) step = wire.int64();
    else if (wire.is(3, 2)) version = wire.string();
    else if (wire.is(5, 2)) values = decodeSummary(bytes, wire.message(), wire.at, plugins);
    else if (wire.is(7, 2)) status = decodeSessionLog(bytes, wire.message(), wire.at);
    else wire.skip();
  }
  if (values !== undefined) return { kind: 'summary', wallTime, step, values };
  if (version !== undefined) return { kind: 'file-version', wallTime, step, version };
  if (status !== undefined) return { kind: 'session', wallTime, step, status };
  return { kind: 'other', wallTime, step };
}

function decodeSessionLog(bytes: Buffer, start: number, end: number): SessionStatus {
  const wire = new WireReader(bytes, start, end);
  let status = 0;
  while (wire.next()) {
    if (wire.is(1, 0)) status = wire.uint32();
    else wire.skip();
  }
  return STATUSES[status] ?? 'unspecified';
}

function decodeSummary(bytes: Buffer, start: number, end: number, plugins: PluginOfTag): SummaryValue[] {
  const wire = new WireReader(bytes, start, end);
  const values: SummaryValue[] = [];
  while (wire.next()) {
    if (wire.is(1, 2)) values.push(decodeValue(bytes, wire.message(), wire.at, plugins));
    else wire.skip();
  }
  return values;
}

function decodeValue(bytes: Buffer, start: number, end: number, plugins: PluginOfTag): SummaryValue {
  const wire = new WireReader(bytes, start, end);
  let tag = '';
  let simple: number | undefined;
  let tensor: number | undefined;
  let plugin: string | undefined;
  while (wire.next()) {
    if (wire.is(1, 2)) tag = wire.string();
    else if (wire.is(2, 5)) simple = wire.float();
    else if (wire.is(8, 2)) tensor = decodeScalarTensor(bytes, wire.message(), wire.at);
    else if (wire.is(9, 2)) plugin = decodePlugin(bytes, wire.message(), wire.at);
    else wire.skip();
  }
  if (plugin === undefined) plugin = plugins.get(tag);
  else if (!plugins.has(tag)) plugins.set(tag, plugin);
  const value = simple ?? (plugin === 'scalars' ? tensor : undefined);
  if (value !== undefined) return { kind: 'scalar', tag, value };
  return plugin === undefined ? { kind: 'other', tag } : { kind: 'other', tag, plugin };
}

/** SummaryMetadata { plugin_data = 1 { plugin_name = 1 } } */
function decodePlugin(bytes: Buffer, start: number, end: number): string | undefined {
  const metadata = new WireReader(bytes, start, end);
  let plugin: string | undefined;
  while (metadata.next()) {
    if (!metadata.is(1, 2)) {
      metadata.skip();
      continue;
    }
    const data = new WireReader(bytes, metadata.message(), metadata.at);
    while (data.next()) {
      if (data.is(1, 2)) plugin = data.string();
      else data.skip();
    }
  }
  return plugin;
}
