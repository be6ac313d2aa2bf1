import { decodeValue } from './decode-value.js';
import type { FileEvent, SessionStatus, SummaryValue } from './event.js';
import { decodeSessionStatus } from './event-values.js';
import type { PluginOfTag } from './plugin-of-tag.js';
import { WireReader } from './wire.js';

/** Decodes `bytes[start, end)`, one Event message (FORMAT: `encode-event.ts`). Throws a `MalformedError`. */
export function decodeEvent(bytes: Buffer, start: number, end: number, plugins: PluginOfTag): FileEvent {
  const wire = new WireReader(bytes, start, end);
  let wallTime = 0;
  let step: number | bigint = 0;
  let version: string | undefined;
  let graph: Uint8Array | undefined;
  let status: SessionStatus | undefined;
  let values: SummaryValue[] | undefined;
  while (wire.next()) {
    if (wire.is(1, 1)) wallTime = wire.double();
    else if (wire.is(2, 0)) step = wire.int64();
    else if (wire.is(3, 2)) version = wire.string();
    else if (wire.is(4, 2)) graph = wire.copy();
    else if (wire.is(5, 2)) values = decodeSummary(bytes, wire.message(), wire.at, plugins);
    else if (wire.is(7, 2)) status = decodeSessionStatus(bytes, wire.message(), wire.at);
    else wire.skip();
  }
  if (values !== undefined) return { kind: 'summary', wallTime, step, values };
  if (version !== undefined) return { kind: 'file-version', wallTime, step, version };
  if (graph !== undefined) return { kind: 'graph', wallTime, step, graph };
  if (status !== undefined) return { kind: 'session', wallTime, step, status };
  return { kind: 'other', wallTime, step };
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
