import { decodeScalarTensor } from './decode-scalar-tensor.js';
import type { PluginOwned, SessionStatus, SummaryValue } from './event.js';
import { decodePlugin, type PluginOfTag, pluginOf } from './plugin-of-tag.js';
import { TagTable } from './tag-table.js';
import { WireReader } from './wire.js';

/** Takes the scalars of one tag; `wallTime` in seconds since 1970. */
export interface ScalarTaker {
  add(step: number, value: number, wallTime: number): void;
}

/** A value that is no scalar, not decoded yet: `event` decodes the record in which it lies. */
export interface OtherValue {
  readonly tag: string;
  readonly kind: Exclude<SummaryValue['kind'], 'scalar'>;
  /** The plugin that shows it, where its file names one. */
  readonly plugin: string | undefined;
  readonly step: number;
  readonly wallTime: number;
}

/** Is told of what event files hold, in their order. What it leaves out is passed over. */
export interface EventListener {
  /** What takes the scalars of a tag: asked once for each. */
  scalars(tag: string): ScalarTaker;
  other?(value: OtherValue): void;
  /** A writer began or ended its work; `step` is where it took over, 0 where it did not say. */
  session?(status: SessionStatus, step: number): void;
  /** A value was left out because its step is beyond ±(2^53 - 1). */
  unsafeStep?(): void;
}

const STATUSES: readonly SessionStatus[] = ['unspecified', 'start', 'stop', 'checkpoint'];
const KINDS: ReadonlyMap<string | undefined, OtherValue['kind']> = new Map([
  ['histograms', 'histogram'],
  ['images', 'image'],
  ['audio', 'audio'],
  ['text', 'text'],
]);

/** Tells a listener of the events of one run, without an object for any scalar. */
export class EventValues {
  readonly plugins: PluginOfTag = new Map();
  readonly #listener: EventListener;
  readonly #takers: Map<string, ScalarTaker> = new Map();
  readonly #table: TagTable<ScalarTaker> = new TagTable((tag) => this.#takerOf(tag));

  constructor(listener: EventListener) {
    this.#listener = listener;
  }

  /** Tells of `bytes[start, end)`, an Event message (FORMAT: `encode-event.ts`). Throws a `MalformedError`. */
  tell(bytes: Buffer, view: DataView, start: number, end: number): void {
    if (!this.#tellPlain(bytes, view, start, end)) this.#tellEvent(bytes, start, end);
  }

  /**
   * The one form in which PyTorch's writer and ours store a scalar, with all lengths below 128; false for any other.
   * 09 wall_time   10 step   2a length   0a length   0a length tag   15 simple_value
   */
  #tellPlain(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    if (end - start < 22 || bytes[start] !== 0x09) return false;
    let at = start + 9;
    let step = 0;
    if (bytes[at] === 0x10) {
      let scale = 1;
      let byte: number;
      do {
        byte = bytes[++at]!;
        step += (byte & 0x7f) * scale;
        scale *= 128;
        // Seven bytes hold 49 bits.
        if (scale > 2 ** 49) return false;
      } while (byte >= 0x80);
      at++;
    }
    const rest = end - at;
    if (rest < 13 || bytes[at] !== 0x2a || bytes[at + 1] !== rest - 2 || bytes[at + 1]! >= 0x80) return false;
    if (bytes[at + 2] !== 0x0a || bytes[at + 3] !== rest - 4) return false;
    if (bytes[at + 4] !== 0x0a || bytes[at + 5] !== rest - 11 || bytes[end - 5] !== 0x15) return false;
    const taker = this.#table.get(bytes, at + 6, end - 5);
    taker.add(step, view.getFloat32(end - 4, true), view.getFloat64(start + 1, true));
    return true;
  }

  #tellEvent(bytes: Buffer, start: number, end: number): void {
    const wire = new WireReader(bytes, start, end);
    let wallTime = 0;
    let step: number | bigint = 0;
    let summary: { readonly from: number; readonly to: number } | undefined;
    let status: SessionStatus | undefined;
    while (wire.next()) {
      if (wire.is(1, 1)) wallTime = wire.double();
      else if (wire.is(2, 0)) step = wire.int64();
      else if (wire.is(5, 2)) summary = { from: wire.message(), to: wire.at };
      else if (wire.is(7, 2)) status = decodeSessionStatus(bytes, wire.message(), wire.at);
      else wire.skip();
    }
    if (status !== undefined && typeof step === 'number') this.#listener.session?.(status, step);
    if (summary === undefined) return;
    const values = new WireReader(bytes, summary.from, summary.to);
    while (values.next()) {
      if (values.is(1, 2)) this.#tellValue(bytes, values.message(), values.at, step, wallTime);
      else values.skip();
    }
  }

  #tellValue(bytes: Buffer, start: number, end: number, step: number | bigint, wallTime: number): void {
    const wire = new WireReader(bytes, start, end);
    let tag = '';
    let simple: number | undefined;
    let tensor: { readonly from: number; readonly to: number } | undefined;
    let kind: OtherValue['kind'] = 'other';
    let own: PluginOwned | undefined;
    while (wire.next()) {
      if (wire.is(1, 2)) tag = wire.string();
      else if (wire.is(2, 5)) simple = wire.float();
      else if (wire.is(8, 2)) tensor = { from: wire.message(), to: wire.at };
      else if (wire.is(9, 2)) own = decodePlugin(bytes, wire.message(), wire.at);
      else {
        if (wire.is(4, 2)) kind = 'image';
        else if (wire.is(5, 2)) kind = 'histogram';
        else if (wire.is(6, 2)) kind = 'audio';
        wire.skip();
      }
    }
    const { plugin } = pluginOf(tag, own, this.plugins);
    if (simple === undefined && plugin === 'scalars' && tensor !== undefined) {
      simple = decodeScalarTensor(bytes, tensor.from, tensor.to);
    }
    if (simple === undefined && this.#listener.other === undefined) return;
    if (typeof step === 'bigint') {
      this.#listener.unsafeStep?.();
      return;
    }
    if (simple !== undefined) {
      this.#takerOf(tag).add(step, simple, wallTime);
      return;
    }
    if (tensor !== undefined) kind = KINDS.get(plugin) ?? 'tensor';
    this.#listener.other?.({ tag, kind, plugin, step, wallTime });
  }

  #takerOf(tag: string): ScalarTaker {
    let taker = this.#takers.get(tag);
    if (taker === undefined) {
      taker = this.#listener.scalars(tag);
      this.#takers.set(tag, taker);
    }
    return taker;
  }
}

/** Decodes `bytes[start, end)`, a SessionLog. Throws a `MalformedError`. */
export function decodeSessionStatus(bytes: Buffer, start: number, end: number): SessionStatus {
  const wire = new WireReader(bytes, start, end);
  let status = 0;
  while (wire.next()) {
    if (wire.is(1, 0)) status = wire.uint32();
    else wire.skip();
  }
  return STATUSES[status] ?? 'unspecified';
}
